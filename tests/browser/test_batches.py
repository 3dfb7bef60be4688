"""Many images, as someone with a browser sees it: the form, the images, the results."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_pages import axe_faults
from tests.inference.pictures import encoded, noise

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of two images, one with a true mask, and of one that is cut off."""
    path = tmp_path_factory.mktemp("batch") / "street.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images/one.png", encoded(noise(96, 64, seed=1)))
        archive.writestr("images/two.png", encoded(noise(96, 64, seed=2)))
        archive.writestr("masks/two.png", encoded(Image.new("L", (96, 64), 3)))
        archive.writestr("images/cut.png", encoded(noise(96, 64))[:4000])
    return path


def test_a_zip_becomes_a_batch(visit: Visit, scenes: Path) -> None:
    page = visit("/")
    page.get_by_role("link", name="Many images at once").click()
    page.wait_for_url("**/batches/new/")
    page.set_input_files(".drop-target input", scenes)
    assert page.locator(".chosen").text_content() == "street.zip"
    page.get_by_label("Name of the batch").fill("A <b>street</b>")
    page.get_by_label("True masks use the classes of").select_option(label="CamVid")
    page.get_by_role("button", name="Compare all").click()
    page.wait_for_url("**/batches/*-*/")
    page.get_by_text("6 of 6 masks").wait_for()
    page.wait_for_function("!document.querySelector('#batch').hasAttribute('hx-get')")
    assert page.get_by_role("heading", level=1).text_content() == "A <b>street</b>"
    shots = page.locator(".shot")
    assert [text.split("\n")[0] for text in shots.all_inner_texts()] == [
        "two.png",
        "one.png",
        "cut.png",
    ]
    assert "damaged" in shots.nth(2).inner_text()
    assert shots.nth(0).locator("img").count() == 1 + 1 + 3
    for picture in shots.nth(0).locator("img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())

    assert page.get_by_text("Label these first").count() == 0
    page.get_by_role("link", name="Most disagreement first").click()
    page.get_by_text("Label these first").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.locator(".batch .scroll").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.locator(".sorts [aria-current]").text_content() == "Most disagreement first"
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="All masks with a table").click()
    with zipfile.ZipFile(download.value.path()) as results:
        masks = [name for name in results.namelist() if name.endswith(".png")]
        assert len(masks) == 6
        drawn = np.asarray(Image.open(io.BytesIO(results.read(masks[0]))))
        assert drawn.shape == (64, 96)

    page.get_by_role("link", name="two.png").click()
    page.wait_for_url("**/c/**")
    page.go_back()
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete this batch").click()
    page.get_by_text("The batch is deleted.").wait_for()


def test_a_refusal_is_told_in_the_form(visit: Visit, tmp_path: Path) -> None:
    page = visit("/batches/new/")
    text = tmp_path / "notes.png"
    text.write_text("no image")
    page.set_input_files(".drop-target input", text)
    page.get_by_role("button", name="Compare all").click()
    page.get_by_text("notes.png: This is not an image").wait_for()
    assert page.get_by_role("heading", level=1).text_content() == "Compare models on many images"


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (2560, "dark")])
def test_pages_fit_and_axe_finds_no_serious_fault(
    width: int, scheme: str, visit: Visit, scenes: Path
) -> None:
    page = visit("/batches/new/", width=width, color_scheme=scheme)
    page.set_input_files(".drop-target input", scenes)
    page.get_by_label("True masks use the classes of").select_option(label="CamVid")
    page.get_by_role("button", name="Compare all").click()
    page.wait_for_url("**/batches/*-*/")
    page.get_by_text("6 of 6 masks").wait_for()
    for path in (page.url, "/batches/", "/batches/new/", "/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe_faults(page) == []

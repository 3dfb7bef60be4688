"""A true mask before and after the upload, and all masks to take away."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.test_compare import all_arrived, upload

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]


def masks_made(folder: Path) -> tuple[Path, Path]:
    """A mask of another size than the photo's, and one that fits."""
    made = folder / "small.png", folder / "mask.png"
    for path, size in zip(made, ((32, 20), (320, 200)), strict=True):
        Image.new("L", size, 3).save(path)
    return made


@pytest.mark.parametrize("height", [900, 780])
def test_the_true_mask_is_asked_for_in_view(visit: Visit, height: int) -> None:
    page = visit("/", width=1280 if height == 900 else 360, height=height)
    box = page.locator("summary", has_text="Score against a true mask").bounding_box()
    assert box["y"] + box["height"] <= height


def test_a_refused_form_keeps_image_and_mask(visit: Visit, photo: Path, tmp_path: Path) -> None:
    small, fitting = masks_made(tmp_path)
    page = visit("/")
    page.locator("summary", has_text="Score against a true mask").click()
    mask = page.get_by_label("True mask", exact=True)
    mask.set_input_files(small)
    page.get_by_label("Its class ids are those of").select_option(label="CamVid")
    page.set_input_files(".drop-target input", photo)
    page.locator("#upload-error", has_text="mask").wait_for()
    assert mask.is_visible()
    for field, name in ((mask, "small.png"), (page.locator("[name=file]").first, "street.png")):
        assert field.evaluate("field => field.files[0].name") == name
    page.locator(".preview").wait_for()
    mask.set_input_files(fitting)
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_url("**/c/**")
    page.locator("#standing-1 strong").wait_for()  # scored by it


def test_without_scripts_a_refusal_says_what_to_choose_again(
    visit: Visit, photo: Path, tmp_path: Path
) -> None:
    page = visit("/", java_script_enabled=False)
    page.locator("summary", has_text="Score against a true mask").click()
    page.get_by_label("True mask", exact=True).set_input_files(masks_made(tmp_path)[0])
    page.set_input_files(".drop-target input", photo)
    page.get_by_role("button", name="Compare", exact=True).click()
    # By its element: texts are not looked for in there.
    told = page.locator("noscript p")
    told.wait_for()
    assert "Choose the image again, and its true mask" in told.text_content()


def test_the_true_mask_is_added_after_the_upload(visit: Visit, photo: Path, tmp_path: Path) -> None:
    mask = masks_made(tmp_path)[1]
    page = visit("/")
    upload(page, photo)
    all_arrived(page)
    page.locator("summary", has_text="Add truth").click()
    page.get_by_label("True mask", exact=True).set_input_files(mask)
    page.get_by_label("Its class ids are those of").select_option(label="CamVid")
    page.get_by_role("button", name="Add the true mask").click()
    page.get_by_text("The masks are scored by it in a moment.").wait_for()
    page.locator("#standing-1 strong").wait_for()  # without a reload
    assert " of 3" in page.locator("#standing-1").text_content()
    assert page.locator("#answer").get_by_text("mIoU on this image").count() == 1
    page.get_by_role("button", name="Scores").click()
    page.locator(".scores tbody tr").nth(2).wait_for()
    assert page.locator("summary", has_text="Add truth").count() == 0


def test_all_masks_in_one_file(visit: Visit, photo: Path) -> None:
    page = visit("/")
    upload(page, photo)
    all_arrived(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="All masks").click()
    assert download.value.suggested_filename == "street-masks.zip"
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 3

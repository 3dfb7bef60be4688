"""History and batches by hand: search, ticks, sharing, deleting, and a form that is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.test_compare import upload
from tests.inference.pictures import encoded, noise

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]


def test_comparisons_are_found_ticked_shared_and_deleted(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    page.goto("/")
    page.get_by_role("checkbox", name="U-Net").uncheck()
    other = photo.with_name("beach.png")
    other.write_bytes(encoded(noise(96, 64, seed=3)))
    page.set_input_files(".drop-target input", other)
    page.get_by_text("Masks: 2 of 2", exact=True).wait_for()
    page.goto("/history/")
    tiles, share = page.locator(".tiles > li"), page.get_by_role("button", name="Share", exact=True)
    assert tiles.count() == 2
    assert share.is_disabled()
    page.get_by_role("searchbox").fill("u-net")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/history/?q=u-net")
    assert tiles.count() == 1
    page.get_by_role("link", name="All of them").click()
    page.wait_for_url("**/history/")

    ticks = page.locator("[name=ticked]")
    ticks.first.press("Space")
    assert page.get_by_text("1 ticked").is_visible()
    ticks.first.press("Enter")  # which presses no button of the form
    assert page.get_by_role("checkbox", name="All on this page").evaluate("e => e.indeterminate")
    share.click()
    page.get_by_text("1 comparison is shared").wait_for()
    link = page.get_by_label("Share link of").input_value()
    assert visit(link).locator("h1").text_content() == "beach.png"

    page.get_by_role("checkbox", name="All on this page").check()
    page.locator(".ticked-bar summary").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("2 comparisons are deleted.").wait_for()
    assert page.get_by_text("You have not compared anything yet.").is_visible()


def test_a_refused_batch_keeps_its_zip(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "street.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.png", encoded(noise(96, 64)))
        archive.writestr("masks/one.png", encoded(Image.new("L", (96, 64), 3)))
    page = visit("/batches/new/")
    masks = page.get_by_label("True masks use the classes of")
    assert masks.evaluate("e => e.selectedOptions[0].textContent") == "CamVid"
    masks.select_option(label="no masks in the zip")
    page.set_input_files(".drop-target input", path)
    page.get_by_role("button", name="Compare all").click()
    page.get_by_text("Say which data set").wait_for()
    assert page.locator(".chosen").text_content() == "street.zip"
    assert masks.evaluate("e => e.selectedOptions[0].textContent") == "no masks in the zip"
    masks.select_option(label="CamVid")
    page.get_by_role("button", name="Compare all").click()
    page.wait_for_url("**/batches/*-*/")
    page.get_by_text("3 of 3 masks").wait_for()
    page.goto("/batches/")
    assert page.get_by_role("link", name="street").is_visible()
    assert page.get_by_text("mIoU").is_visible()
    page.locator("[name=ticked]").check()
    page.locator(".ticked-bar summary").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("1 batch is deleted.").wait_for()

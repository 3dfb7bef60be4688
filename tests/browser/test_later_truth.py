"""A true mask added on the page, and all masks to take away."""

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


def test_the_true_mask_is_added_after_the_upload(visit: Visit, photo: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.new("L", (320, 200), 3).save(mask)
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

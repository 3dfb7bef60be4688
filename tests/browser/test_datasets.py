"""A data set comes in by a page: dropped, unpacked, looked at; trained on, masks scored on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models_zoo.masks import read_mask
from tests.browser.test_tracking import TRAINING, signed_in  # noqa: F401  (a fixture)
from tests.experiments.datasets.test_import import zipped
from tests.models_zoo.fixtures import draw_folder
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
Visit = Callable[..., Any]


ZIP = {"name": "harbour.zip", "mimeType": "application/zip"}


def test_what_is_wrong_with_a_zip_is_told_where_it_was_dropped(
    site: Stack,
    browser: Any,
    signed_in: dict[str, Any],  # noqa: F811
) -> None:
    # Not by `visit`: the console tells of the refusal.
    page = browser.new_context(base_url=site.url, storage_state=signed_in).new_page()
    page.goto("/datasets/")
    page.set_input_files("input[type=file]", ZIP | {"buffer": b"no zip"})
    page.get_by_role("alert").get_by_text("zip").wait_for()
    page.context.close()


def test_from_a_zip_to_its_launch_form_and_to_a_score_of_masks(
    site: Stack,
    visit: Visit,
    signed_in: dict[str, Any],  # noqa: F811
    tmp_path: Path,
) -> None:
    draw_folder(tmp_path / "harbour", train=3, val=2)
    page = visit("/datasets/", storage_state=signed_in)
    page.set_input_files("input[type=file]", ZIP | {"buffer": zipped(tmp_path / "harbour")})
    page.wait_for_url("**/datasets/imports/**")
    page.get_by_text("Waits for a training worker").wait_for()
    site.start("trainer")
    page.get_by_text("It is kept").wait_for(timeout=TRAINING)
    page.get_by_role("link", name="Look at it").click()
    page.locator(".examples img").first.wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.examples img')].every("
        "(image) => image.loading === 'lazy' && (!image.complete || image.naturalWidth > 0))"
    )
    page.get_by_role("link", name="Train on it").click()
    assert page.input_value("[name=data]").startswith("imported:")
    page.go_back()
    page.get_by_role("link", name="Score masks").click()
    assert page.input_value("[name=dataset]").startswith("imported:")
    masks = tmp_path / "harbour" / "val" / "masks"
    for path in masks.iterdir():
        truth = read_mask(path)
        Image.fromarray(truth % 255).save(path)  # void is no class, and predicted by none
    page.set_input_files("input[type=file]", ZIP | {"buffer": zipped(masks)})
    page.get_by_text("harbour.zip").wait_for()
    page.get_by_label("Name of what predicted them").fill("The truth")
    page.get_by_label("Split").select_option("val")
    page.get_by_role("button", name="Score them").click()
    page.wait_for_url("**/models/masks/*-*/")
    page.get_by_text("mIoU 100.0 %").wait_for(timeout=TRAINING)
    page.get_by_role("link", name="Leaderboard").last.click()
    page.get_by_text("The truth masks").first.wait_for()
    site.kill("trainer")

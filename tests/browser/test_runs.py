"""The run table, the pair picker and the probe grid: at every size, and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import PATIENCE
from tests.browser.test_pages import SIZES, assert_sound, axe_faults
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
Visit = Callable[..., Any]

MADE = """
import django; django.setup()
from io import BytesIO
import numpy as np
from PIL import Image
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from experiments.models import Checkpoint, ImageCounts, Probe, Run
from tests.experiments.factories import *

def png(value, mode="P"):
    image = Image.fromarray(np.full((12, 16), value, np.uint8), "L")
    if mode == "P":
        image = image.convert("P"); image.putpalette([166, 206, 227, 91, 79, 156, 33, 102, 172])
    file = BytesIO(); image.save(file, "PNG" if mode == "P" else "JPEG")
    return ContentFile(file.getvalue())

me = User.objects.create_user("run-owner", password="of-the-browser-tests")
first, second, shipped, going = (
    run_make(name="one", owner=me, seed=1, epochs=4, config={"lr": 0.1}, tags=["night"]),
    run_make(name="two", owner=me, seed=2, epochs=4, config={"lr": 0.001}),
    run_make(name="shipped one", kind="shipped"),
    run_make(name="underway", owner=me, epochs=1, planned=9),
)
for run in (first, second, shipped):
    evaluation_make(checkpoint=checkpoint_make(run=run), seed=3)
ImageCounts.objects.filter(evaluation__checkpoint__run=shipped).delete()
Checkpoint.objects.filter(run=shipped).update(shipped=True)
for run, last in ((first, 4), (second, 2)):
    default_storage.save(f"{run.folder}/images/street.jpg", png(90, "L"))
    default_storage.save(f"{run.folder}/truth/street.png", png(2))
    for epoch in range(1, last + 1):
        file = default_storage.save(f"{run.folder}/probes/{epoch}/street.png", png(epoch % 3))
        Probe.objects.create(run=run, epoch=epoch, name="street", file=file)
print(first.pk, second.pk, shipped.pk, going.pk)
"""


@pytest.fixture(scope="module")
def runs(site: Stack) -> list[str]:
    """Two seeds that can be told apart, a shipped run without counts, one that goes on."""
    return site.python("-c", MADE).split()


@pytest.fixture(scope="module")
def owner(site: Stack, browser: Any, runs: list[str]) -> dict[str, Any]:
    """The cookies of whose runs they are."""
    page = browser.new_page(base_url=site.url, locale="en")
    page.set_default_timeout(PATIENCE)
    page.goto("/accounts/login/?next=/runs/")
    page.fill("[name=username]", "run-owner")
    page.fill("[name=password]", "of-the-browser-tests")
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url(f"{site.url}/runs/")
    state = page.context.storage_state()
    page.context.close()
    return state


def names(page: Any) -> list[str]:
    return page.locator(".runs tbody th a").all_inner_texts()


def test_a_setting_is_filtered_by_and_shown_and_the_address_says_so(
    visit: Visit, owner: dict[str, Any]
) -> None:
    page = visit("/runs/?q=one", storage_state=owner)
    page.select_option("[name=field]", "config.lr")
    page.select_option("[name=sign]", ">=")
    page.fill("[name=value]", "0.01")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**where=**")
    assert names(page) == ["one"]
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="lr", exact=True).check()
    page.get_by_role("checkbox", name="Pixel accuracy").check()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**columns=**")
    query = parse_qs(urlsplit(page.url).query)
    assert query["where"] == ["config.lr>=0.01"]
    assert {"config.lr", "metric.pixel_accuracy", "state"} <= set(query["columns"])
    assert page.get_by_role("columnheader", name="Pixel accuracy").count() == 1
    # To be passed on: the same in a browser that never chose columns.
    again = visit(page.url, storage_state=owner)
    assert again.locator("thead th").all_inner_texts() == page.locator("thead th").all_inner_texts()
    page.get_by_role("link", name="Without lr ≥ 0.01").click()
    page.wait_for_function("() => !location.search.includes('where')")
    assert set(names(page)) == {"one", "shipped one"}


def test_the_action_bar_stays_in_view_and_tags_and_deletes(
    visit: Visit, owner: dict[str, Any], site: Stack
) -> None:
    site.python(
        "-c",
        "import django; django.setup()\n"
        "from django.contrib.auth.models import User\n"
        "from tests.experiments.factories import run_make\n"
        "me = User.objects.get(username='run-owner')\n"
        "for n in range(30): run_make(name=f'many {n}', owner=me, epochs=1)",
    )
    for width, height in SIZES:
        page = visit("/runs/", storage_state=owner, width=width, height=height)
        box = page.locator(".chosen-bar").bounding_box()
        assert box["y"] + box["height"] <= height
    page = visit("/runs/?q=many", storage_state=owner)
    assert page.get_by_role("button", name="Delete").is_disabled()
    page.get_by_role("checkbox", name="All on this page").check()
    assert page.locator("[data-chosen]").inner_text() == "30 chosen"
    page.get_by_role("button", name="Tags").click()
    page.get_by_label("Add these").fill("brief, 밤")
    page.get_by_role("button", name="Change the tags").click()
    page.get_by_text("30 runs are tagged anew.").wait_for()
    assert parse_qs(urlsplit(page.url).query)["q"] == ["many"]
    page.goto("/runs/?tag=brief")
    page.get_by_role("checkbox", name="All on this page").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Delete 30 runs?").wait_for()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("30 runs are deleted.").wait_for()
    page.get_by_text("No run is like that.").wait_for()


def test_without_scripts_a_run_that_goes_on_is_kept_and_told(
    visit: Visit, owner: dict[str, Any]
) -> None:
    page = visit("/runs/?q=way", storage_state=owner, java_script_enabled=False)
    page.get_by_role("checkbox", name="Choose underway").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="These go on, and stay: stop them first").wait_for()
    assert page.get_by_role("button", name="Delete for good").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_better_or_chance_is_two_clicks_from_the_table(
    visit: Visit, owner: dict[str, Any], scripts: bool
) -> None:
    page = visit("/runs/?q=one", storage_state=owner, java_script_enabled=scripts)
    page.get_by_role("link", name="Better? one", exact=True).click()
    row = page.get_by_role("row", name="shipped one")
    assert "counts of each image are lacking" in row.inner_text()  # before it is chosen
    assert "Train it again" in row.inner_text()
    page.get_by_role("link", name="two", exact=True).click()
    verdict = page.locator("#verdict")
    verdict.get_by_text("the difference may be chance").wait_for()
    assert page.url.endswith("#verdict")


def test_one_slider_moves_the_masks_of_all_runs(
    visit: Visit, owner: dict[str, Any], runs: list[str]
) -> None:
    page = visit(f"/runs/compare/?run={runs[0]}&run={runs[1]}", storage_state=owner)
    grid = page.locator("probe-grid")
    grid.scroll_into_view_if_needed()
    masks, told = grid.locator("[data-row]"), grid.locator(".now figcaption")
    assert told.all_inner_texts() == ["epoch 4", "epoch 2"]
    grid.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.wait_for_selector("probe-grid[data-epoch='1']")
    assert told.all_inner_texts() == ["epoch 1", "epoch 1"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("probe-grid[data-epoch='3']")
    assert told.all_inner_texts() == ["epoch 3", "epoch 2"]
    sources = masks.evaluate_all("all => all.map((image) => new URL(image.src).pathname)")
    assert [source.split("/probes/")[1] for source in sources] == ["3/street.png", "2/street.png"]
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-row]')].every((image) => image.naturalWidth)"
    )
    assert grid.locator(".class-key li").all_inner_texts() == ["sky", "road", "car"]


def test_the_grid_stands_still_without_scripts(
    visit: Visit, owner: dict[str, Any], runs: list[str]
) -> None:
    address = f"/runs/compare/?run={runs[0]}&run={runs[1]}"
    page = visit(address, storage_state=owner, java_script_enabled=False)
    grid = page.locator("probe-grid")
    assert grid.get_by_role("slider").count() == 0
    assert grid.locator(".strip").first.locator("img").count() == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pages_of_several_runs_fit_can_be_read_and_axe_finds_no_serious_fault(
    visit: Visit, owner: dict[str, Any], runs: list[str], width: int, height: int, scheme: str
) -> None:
    options = {"width": width, "height": height, "color_scheme": scheme}
    page = visit("/runs/", storage_state=owner, **options)
    chosen = "&".join(f"run={pk}" for pk in runs)
    columns = "columns=state&columns=config.lr&columns=metric.loss&where=config.lr>=0"
    paths = [f"/runs/?{columns}", "/runs/?where=nonsense", f"/runs/tags/?{chosen}"]
    paths += [f"/runs/delete/?{chosen}", "/runs/compare/", f"/runs/compare/?run={runs[2]}"]
    for path in (*paths, f"/runs/compare/?{chosen}"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1
        assert_sound(page, path)
        assert axe_faults(page) == [], path
    page.goto(f"/runs/?{columns}")
    page.locator("summary", has_text="Columns").click()
    assert_sound(page, "columns")
    assert axe_faults(page) == []

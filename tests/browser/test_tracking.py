"""Runs in a browser: from the admin's launch form to the compare page, and every chart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models_zoo.masks import read_mask
from tests.browser.conftest import PATIENCE
from tests.browser.test_pages import SIZES, assert_sound
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]
Visit = Callable[..., Any]
TRAINING = 600_000  # milliseconds: three epochs of small scenes on a busy machine
DATA = "scenes:64x96:200"

ACCOUNT = """
import django; django.setup()
from django.contrib.auth.models import User
if not User.objects.filter(username="tester"):  # each file that uses it asks for it
    User.objects.create_superuser("tester", password="of-the-browser-tests")
"""
# Of a data set that no other file has, with other classes.
RUNS = """
import django; django.setup()
from tests.experiments.factories import *
runs = [run_make(name=f"seed {n}", epochs=12, seed=n, group="12345678123456781234567812345678",
                 dataset=dataset_make("avenues", num_classes=5)) for n in (1, 2)]
going = run_make(name="going on", epochs=4, planned=9, usage=3)
for run in runs:
    evaluation_make(checkpoint=checkpoint_make(run=run), seed=3)
print(runs[0].pk, runs[1].pk, going.pk)
"""
EPOCH = """
import sys, django; django.setup()
import numpy as np
from experiments.models import Run
from experiments.records.epochs import epoch_record
from tests.experiments.factories import counts_make
run, number = Run.objects.get(pk=sys.argv[1]), int(sys.argv[2])
counts = counts_make(np.random.default_rng(0), 3, 0.9)
epoch_record(run=run, number=number, confusion=counts, loss=0.1, dice=0.75)
"""
# How many pixels of the first image's errors are painted.
PAINTED = """() => {
  const canvas = document.querySelector(".worst canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, n) => n % 4 === 3 && value).length;
}"""


@pytest.fixture(scope="module")
def signed_in(site: Stack, browser: Any) -> dict[str, Any]:
    """The cookies of someone who may launch."""
    site.python("-c", ACCOUNT)
    page = browser.new_page(base_url=site.url, locale="en")
    page.set_default_timeout(PATIENCE)
    page.goto("/admin/login/?next=/admin/")
    page.fill("[name=username]", "tester")
    page.fill("[name=password]", "of-the-browser-tests")
    page.click("main button, [type=submit]")
    page.wait_for_url(f"{site.url}/admin/")
    state = page.context.storage_state()
    page.context.close()
    return state


@pytest.fixture(scope="module")
def runs(site: Stack) -> list[str]:
    """Two seeds of a recipe that are done, and a run that goes on."""
    return site.python("-c", RUNS).split()


def chart(page: Any, columns: str) -> Any:
    return page.locator(f"data-chart[data-columns='{columns}']")


def epochs_shown(page: Any, number: int) -> None:
    """Wait until the curve of the mIoU has as many points or more."""
    curve = "document.querySelector(\"data-chart[data-columns='miou train_miou']\")"
    page.wait_for_function(f"n => {curve}?.dataset.points >= n", arg=number, timeout=TRAINING)


def fill(page: Any, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)


def test_from_the_admin_to_the_compare_page(
    site: Stack, visit: Visit, signed_in: dict[str, Any], photo: Path, tmp_path: Path
) -> None:
    site.start("trainer")
    page = visit("/admin/experiments/run/", storage_state=signed_in)
    page.get_by_role("link", name="Launch training").click()
    page.wait_for_url("**/run/launch/")  # loaded, so that htmx listens
    assert page.input_value("[name=optimizer]") == "sgd"  # the paper's
    page.select_option("[name=recipe]", "house")
    page.wait_for_function("() => document.querySelector('[name=optimizer]').value === 'adamw'")
    fill(page, data=DATA, epochs="3", crop_height="64", crop_width="96", batch="50")
    fill(page, name="from the browser")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Nothing is wrong with the data.").wait_for(timeout=TRAINING)
    page.get_by_role("button", name="Queue").click()
    page.wait_for_url("**/runs/**")
    run = page.url.split("/runs/")[1].partition("/")[0]

    curve = chart(page, "miou train_miou")
    # At once, with three epochs to go, however fast they are; and at one moment: the page replaces
    # its head every two seconds, maybe while a button is down.
    page.get_by_role("button", name="Stop").dispatch_event("click")
    page.locator("#head .state.stopped").wait_for(timeout=TRAINING)

    page.get_by_role("button", name="Resume").click()
    page.evaluate("window.loadedOnce = true")
    epochs_shown(page, 1)
    epochs_shown(page, 3)
    page.locator("#head .state.done").wait_for(timeout=TRAINING)
    page.get_by_role("link", name="Try on an image").wait_for()
    assert page.evaluate("window.loadedOnce")  # all of it without a reload
    assert curve.get_attribute("data-points") == "3"
    assert page.locator("section:has(#attempts-title) tbody tr").count() == 2
    assert_numbers(site, page, run, tmp_path)

    page.get_by_role("link", name="Try on an image").click()
    # Loaded: a file chosen before the page's modules run is not sent.
    page.wait_for_url("**/?model=*")
    chosen = page.locator("[name=models]:checked")
    assert chosen.evaluate_all("boxes => boxes.map(box => box.value)") == [f"run{run}-best"]
    page.set_input_files("input[type=file]", photo)
    page.wait_for_url("**/c/**")
    page.get_by_text("Masks: 1 of 1", exact=True).wait_for()
    site.kill("trainer")


def assert_numbers(site: Stack, page: Any, run: str, folder: Path) -> None:
    """What the page says is what the command line finds on the same checkpoint."""
    weights = site.var / "media" / "runs" / run / "best.safetensors"
    kept = folder / "found.json"
    words = f"evaluate --checkpoint {weights} --data {DATA} --split val --json --out {kept}"
    said = site.python("-m", "models_zoo", *words.split())
    found = json.loads(said.splitlines()[-1])
    per_image = json.loads(kept.read_text())["per_image"]
    assert f"val: {100 * found['miou']:.1f} mIoU" in page.locator("#results").inner_text()

    mious = []
    for image in per_image:
        pairs = zip(image["hits"], image["truth"], image["predicted"], strict=True)
        ious = [hit / (t + p - hit) for hit, t, p in pairs if t + p - hit]
        mious.append((sum(ious) / len(ious), image["name"]))
    shown = page.locator(".worst li").all_inner_texts()
    for text, (miou, name) in zip(shown, sorted(mious), strict=False):
        assert text.split()[0] == f"{100 * miou:.1f}"
        if mious.count((miou, name)) == 1:
            assert text.split()[1] == name
    page.locator(".worst summary").first.click()
    page.wait_for_function("() => document.querySelector('.worst .photo').naturalWidth > 0")
    page.locator(".worst").get_by_role("button", name="Errors").first.click()
    page.wait_for_function("() => document.querySelector('.worst canvas').width !== 300")
    name = page.locator(".worst summary code").first.inner_text()
    folder = weights.parent
    truth, mask = (opened_mask(folder / kind / f"{name}.png") for kind in ("truth", "masks"))
    ignored = int(page.locator(".worst layered-image").first.get_attribute("data-ignore"))
    assert page.evaluate(PAINTED) == ((truth != mask) & (truth != ignored)).sum()


def opened_mask(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return read_mask(file)


def test_the_table_and_the_curves_grow_without_a_reload(
    site: Stack, visit: Visit, signed_in: dict[str, Any], runs: list[str]
) -> None:
    going = runs[2]
    table = visit("/runs/", storage_state=signed_in)
    page = visit(f"/runs/{going}/", storage_state=signed_in)
    epochs_shown(page, 4)
    assert "4 / 9" in table.locator(f"#run-{going}").inner_text()
    table.locator(f"#run-{going} input").check()
    asked: list[str] = []
    page.on("request", lambda request: "curves" in request.url and asked.append(request.url))
    site.python("-c", EPOCH, going, "5")
    epochs_shown(page, 5)
    page.get_by_text("5 of 9 epochs").wait_for()
    chart(page, "dice").wait_for()  # a metric that only this run tells of
    assert page.locator("epoch-view output").inner_text() == "5"
    assert asked[0].endswith("?after=4")
    table.locator(f"#run-{going}", has_text="5 / 9").wait_for()
    assert table.locator(f"#run-{going} input").is_checked()


def test_classes_are_merged_and_hidden_at_once(
    visit: Visit, signed_in: dict[str, Any], runs: list[str]
) -> None:
    page = visit(f"/runs/{runs[0]}/", storage_state=signed_in)
    page.locator("confusion-matrix").scroll_into_view_if_needed()
    page.wait_for_selector(".matrix td")
    counts = page.request.get(f"/runs/{runs[0]}/epochs/12/").json()["counts"]

    def miou(groups: list[list[int]], rows: set[int]) -> str:
        ious = []
        for own in groups:
            hits = sum(counts[i][j] for i in own for j in own)
            truth = sum(sum(counts[i]) for i in own)
            guess = sum(counts[i][j] for i in rows for j in own)
            ious.append(hits / (truth + guess - hits))
        return f"{100 * sum(ious) / len(ious):.1f}"

    shown = page.locator("[data-miou]")
    everything = [[0], [1], [2], [3], [4]]
    assert shown.inner_text() == miou(everything, {0, 1, 2, 3, 4})
    page.get_by_text("Merge or hide classes").click()
    page.select_option("[data-class='4']", "0")
    assert shown.inner_text() == miou([[0, 4], [1], [2], [3]], {0, 1, 2, 3, 4})
    page.select_option("[data-class='2']", "hidden")
    assert shown.inner_text() == miou([[0, 4], [1], [3]], {0, 1, 3, 4})
    assert page.locator(".matrix tbody tr").count() == 3
    page.get_by_role("button", name="All by themselves").click()
    assert shown.inner_text() == miou(everything, {0, 1, 2, 3, 4})

    slider = page.locator("epoch-view input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_selector("epoch-view[data-epoch='1']")
    first = page.request.get(f"/runs/{runs[0]}/epochs/1/").json()["counts"]
    counts[:] = first
    assert shown.inner_text() == miou(everything, {0, 1, 2, 3, 4})


def test_charts_are_drawn_in_view_in_the_page_s_colours_and_as_tables(
    visit: Visit, signed_in: dict[str, Any], runs: list[str]
) -> None:
    page = visit(f"/runs/{runs[2]}/", storage_state=signed_in, color_scheme="light", height=500)
    curve = chart(page, "miou train_miou")
    page.wait_for_selector("data-chart[data-columns='miou train_miou'][data-drawn]")
    assert chart(page, "cpu").get_attribute("data-drawn") is None
    ground = "e => e.figure.background_fill_color"
    assert curve.evaluate(ground) == "#ffffff"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "() => document.querySelector('data-chart').figure.background_fill_color === '#1d1d1d'"
    )
    summary = curve.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    curve.locator("tbody tr").nth(3).wait_for()
    assert curve.locator("thead th").all_inner_texts() == ["epoch", "val", "train"]
    curve.get_by_role("button", name="train").click()
    assert curve.evaluate("e => e.glyphs[1].every((renderer) => !renderer.visible)")


def test_seeds_are_drawn_as_mean_and_deviation(
    visit: Visit, signed_in: dict[str, Any], runs: list[str]
) -> None:
    page = visit(f"/runs/compare/?run={runs[0]}&run={runs[1]}", storage_state=signed_in)
    page.wait_for_selector("data-chart[data-drawn]")
    curve = page.locator("data-chart").first
    (group,) = curve.evaluate("e => e.shown.series")
    curves = page.request.get(f"/runs/compare/curves/?run={runs[0]}&run={runs[1]}").json()["runs"]
    first, second = (100 * one["rows"][0]["miou"] for one in curves)
    mean, deviation = (first + second) / 2, abs(first - second) / 2**0.5
    assert group["y"][0] == pytest.approx(mean)
    assert group["high"][0] == pytest.approx(mean + deviation)
    page.uncheck("[name=grouped]")
    assert len(curve.evaluate("e => e.shown.series")) == 2
    page.select_option("[name=along]", "minutes")
    assert curve.evaluate("e => e.shown.series[0].x[2]") == 3
    assert "may be chance" in page.locator("section:has(#verdict-title)").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_tracking_pages_fit_and_can_be_read(
    visit: Visit, signed_in: dict[str, Any], runs: list[str], width: int, height: int, scheme: str
) -> None:
    options = {"width": width, "height": height, "color_scheme": scheme}
    page = visit("/runs/", storage_state=signed_in, **options)
    paths = ["/runs/", f"/runs/{runs[0]}/", f"/runs/{runs[2]}/", "/runs/new/", "/leaderboard/"]
    paths += ["/datasets/", "/datasets/one/?data=scenes"]
    for path in (*paths, f"/runs/compare/?run={runs[0]}&run={runs[1]}", "/runs/?q=nothing"):
        page.goto(path)
        page.wait_for_load_state()
        page.wait_for_timeout(500)
        assert page.locator("h1").count() == 1
        assert_sound(page, path)


def test_on_a_phone_filters_are_folded(
    visit: Visit, signed_in: dict[str, Any], runs: list[str]
) -> None:
    page = visit("/runs/", width=360, height=740, storage_state=signed_in)
    state = page.locator(".filters [name=state]")
    assert state.is_hidden()
    assert page.locator(".runs tbody tr").first.bounding_box()["y"] < 500
    page.get_by_label("All filters").check()
    state.select_option("DONE")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**state=DONE**")
    assert state.is_visible()  # what leaves rows out is in view

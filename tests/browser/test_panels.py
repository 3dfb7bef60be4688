"""The compare page in a browser: what it draws and says, against oracles computed in NumPy."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_compare import address, box, compared, drawn, shown, tap  # noqa: F401
from tests.browser.test_pages import axe_faults
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]
MODELS = 3
SIZE = (240, 180)
BOARD = "document.querySelector('compare-board')"
TRANSFORMS = "[...document.querySelectorAll('.world')].map(w => w.style.transform)"

# A pane's fill as the canvas holds it, as a PNG.
FILL = "number => document.querySelector(`#pane-${number} .fill`).toDataURL().split(',')[1]"


@dataclass(frozen=True)
class Oracle:
    """A comparison of drawn masks, and what the server knows of it."""

    path: str
    masks: list[np.ndarray]
    truth: np.ndarray
    colours: np.ndarray
    site: Stack
    predictions: list[dict[str, Any]]

    def asked(self, part: str) -> Any:
        """The JSON under the comparison's address."""
        return self.site.get(f"comparisons/{self.path.split('/')[2]}/{part}")


@pytest.fixture(scope="module")
def oracle(site: Stack) -> Oracle:
    """Three models' masks of one image, with a truth."""
    path = site.python("-m", "tests.browser.drawn", *map(str, (*SIZE, MODELS)))
    found = site.get(f"comparisons/{path.split('/')[2]}/")

    def picture(address: str) -> Image.Image:
        return Image.open(io.BytesIO(site.call(address)[1]))

    masks = [picture(prediction["mask_url"]) for prediction in found["predictions"]]
    colours = np.array(masks[0].getpalette(), np.uint8).reshape(-1, 3)
    truth = picture(f"images/{found['image']['id']}/truth/")
    arrays = [np.asarray(mask) for mask in masks]
    return Oracle(path, arrays, np.asarray(truth), colours, site, found["predictions"])


def tall(visit: Visit, path: str) -> Any:
    """A page on which every pane is on the screen."""
    return visit(path, width=1600, height=1200)


def fill(page: Any, number: int | str) -> np.ndarray:
    """What a pane's fill holds, once it is drawn."""
    drawn(page)
    return np.asarray(Image.open(io.BytesIO(b64decode(page.evaluate(FILL, number)))))


def wait_for_fill(page: Any, number: int, expected: np.ndarray) -> None:
    """Wait until a pane's fill holds these pixels; those without opacity have no colour."""
    for _ in range(300):
        found = fill(page, number)
        if np.array_equal(found[..., 3], expected[..., 3]) and np.array_equal(
            found[found[..., 3] > 0], expected[expected[..., 3] > 0]
        ):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"pane {number} differs in {(found != expected).any(-1).mean():.1%} of its pixels")


def coloured(mask: np.ndarray, colours: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
    """H×W×4: a mask in its colours where it is `seen`."""
    alpha = np.full(mask.shape, 255) if seen is None else np.where(seen, 255, 0)
    return np.dstack([colours[mask], alpha]).astype(np.uint8)


# One view of all panes


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (700, 900)])
@pytest.mark.parametrize("zoom", [1, 2.5, 7.3])
def test_mask_and_image_stay_aligned_at_every_zoom(
    visit: Visit, oracle: Oracle, width: int, height: int, zoom: float
) -> None:
    page = visit(f"{oracle.path}#mode=mask&zoom={zoom}&x=0.4&y=0.6", width=width, height=height)
    page.mouse.move(2, 2)
    drawn(page)
    _, _, wide, high = box(page, ".stage")
    assert wide % 1 == high % 1 == 0
    seen = shown(page, ".stage")[: int(high), : int(wide)]
    left, top = 0.4 - 0.5 / zoom, 0.6 - 0.5 / zoom
    mask = oracle.masks[0]

    def places(count: int, edge: float, size: int, nudge: float) -> np.ndarray:
        edge = min(max(edge, 0), 1 - 1 / zoom)
        middles = np.arange(count) + 0.5 + nudge
        return ((edge + middles / count / zoom) * size).astype(int).clip(0, size - 1)

    def expected(nudge: float) -> np.ndarray:
        rows = places(seen.shape[0], top, mask.shape[0], nudge)
        columns = places(seen.shape[1], left, mask.shape[1], nudge)
        return (seen == oracle.colours[mask[rows][:, columns]]).all(axis=-1)

    # Where the middle of a screen's pixel falls on an edge of the mask's, either is right.
    right = expected(-2e-3) | expected(2e-3)
    assert right[2:-2, 2:-2].mean() > 0.9999
    photo = page.evaluate(
        "JSON.stringify(document.querySelector('.photo').getBoundingClientRect())"
    )
    layer = page.evaluate("JSON.stringify(document.querySelector('.fill').getBoundingClientRect())")
    for side in ("x", "y", "width", "height"):
        assert json.loads(photo)[side] == pytest.approx(json.loads(layer)[side], abs=0.5)


def test_wheel_drag_and_keys_move_all_panes_together(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    drawn(page)
    page.wait_for_load_state("networkidle")

    def views() -> set[str]:
        return set(page.evaluate(TRANSFORMS))

    while True:
        place = x, y, width, height = box(page, "#pane-2 .stage")
        before = views()
        assert len(before) == 1
        page.mouse.move(x + width * 0.26, y + height * 0.26)
        under = page.evaluate(f"{BOARD}.state.hover")
        page.mouse.wheel(0, -120)
        page.wait_for_function(
            "t => document.querySelector('.world').style.transform !== t", arg=next(iter(before))
        )
        assert len(views()) == 1
        page.mouse.move(x + width * 0.26 + 1, y + height * 0.26)
        page.mouse.move(x + width * 0.26, y + height * 0.26)
        after = page.evaluate(f"{BOARD}.state.hover")
        if (box(page, "#pane-2 .stage") == place).all():
            break
        page.keyboard.press("f")  # something came late and moved the panes: once more
    assert after == under  # zoomed about the pointer

    zoomed = views()
    page.mouse.down()
    page.mouse.move(x + width * 0.26 - 30, y + height * 0.26 - 20, steps=3)
    page.mouse.up()
    dragged = views()
    assert len(dragged) == 1
    assert dragged != zoomed
    for key in ("ArrowRight", "+", "-"):
        former = views()
        page.keyboard.press(key)
        assert len(views()) == 1
        assert views() != former
    page.keyboard.press("f")
    assert views() == before


def test_crosshair_is_over_the_same_pixel_in_every_pane(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#zoom=2")
    drawn(page)
    x, y, width, height = box(page, "#pane-1 .stage")
    page.mouse.move(x + width * 0.31, y + height * 0.72)
    crosses = page.evaluate("[...document.querySelectorAll('.cross')].map(c => c.style.transform)")
    assert len(set(crosses)) == 1
    assert page.locator(".cross:visible").count() == MODELS
    page.mouse.click(x + width * 0.31, y + height * 0.72)
    wide, high = SIZE
    pinned = f"{int((0.25 + 0.31 / 2) * wide)}.{int((0.25 + 0.72 / 2) * high)}"
    address(page, f"#zoom=2&cross={pinned}")
    page.keyboard.press("Shift+ArrowRight")
    across, down = map(int, pinned.split("."))
    address(page, f"#zoom=2&cross={across + 1}.{down}")


def test_two_fingers_zoom_and_one_pans(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path, width=360, height=740, has_touch=True)
    drawn(page)
    x, y, width, height = box(page, "#pane-1 .stage")
    middle = (x + width / 2, y + height / 2)
    touches = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)],
            },
        )

    def spread(by: float) -> list[tuple[float, float]]:
        return [(middle[0] - by, middle[1]), (middle[0] + by, middle[1])]

    touch("touchStart", *spread(20))
    for by in (30, 40, 50, 60):
        touch("touchMove", *spread(by))
    touch("touchEnd")
    zoom = page.evaluate(f"{BOARD}.state.zoom")
    assert zoom == pytest.approx(3, rel=0.2)
    drawn(page)
    at = page.evaluate(f"{BOARD}.state.x")
    touch("touchStart", middle)
    for by in (10, 20, 30):
        touch("touchMove", (middle[0] - by, middle[1]))
    touch("touchEnd")
    assert page.evaluate(f"{BOARD}.state.x") > at
    assert len(set(page.evaluate(TRANSFORMS))) == 1


def test_the_legend_hides_a_class_in_all_panes(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    drawn(page)
    button = page.locator(".classes [data-off]").first
    name = button.get_attribute("data-off")
    colour = page.evaluate(f"{BOARD}.data.lists[0].find(c => c.name === {name!r}).id")
    button.click()
    for number, mask in enumerate(oracle.masks, start=1):
        wait_for_fill(page, number, coloured(mask, oracle.colours, mask != colour))
    assert button.get_attribute("aria-pressed") == "false"
    address(page, f"#off={name}")
    page.reload()
    wait_for_fill(page, 1, coloured(oracle.masks[0], oracle.colours, oracle.masks[0] != colour))


def test_keys_blink_while_they_are_held(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    drawn(page)
    page.keyboard.down("t")
    void = (
        oracle.truth
        == oracle.site.get(f"comparisons/{oracle.path.split('/')[2]}/truth/")["ignore_index"]
    )
    wait_for_fill(page, 1, coloured(oracle.truth, oracle.colours, ~void))
    page.wait_for_timeout(500)
    page.keyboard.up("t")
    wait_for_fill(page, 1, coloured(oracle.masks[0], oracle.colours))
    tap(page, "t")  # a short press stays
    wait_for_fill(page, 2, coloured(oracle.truth, oracle.colours, ~void))
    address(page, "#truth=1")


def test_swipe_shows_one_model_on_each_side(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#mode=mask&view=2")
    drawn(page)
    page.keyboard.press("s")
    page.get_by_label("Model on the right").select_option("1")
    divider = page.get_by_role("slider", name="Divider between two models")
    x, y, width, height = box(page, "#pane-2 .stage")
    left = box(page, ".divider")
    page.mouse.move(left[0] + left[2] / 2, y + height / 2)
    page.mouse.down()
    page.mouse.move(x + width * 0.3, y + height / 2, steps=4)
    page.mouse.up()
    page.mouse.move(2, 2)
    assert int(divider.get_attribute("aria-valuenow")) == pytest.approx(30, abs=1)
    drawn(page)
    seen = shown(page, "#pane-2 .stage")
    rows = ((np.arange(seen.shape[0]) + 0.5) / seen.shape[0] * SIZE[1]).astype(int)
    columns = ((np.arange(seen.shape[1]) + 0.5) / seen.shape[1] * SIZE[0]).astype(int)
    below = np.s_[int(0.7 * len(rows)) : -2]  # beneath the lists of models and the handle
    for mask, part in ((oracle.masks[1], slice(0.02, 0.25)), (oracle.masks[0], slice(0.35, 0.98))):
        across = np.s_[int(part.start * len(columns)) : int(part.stop * len(columns))]
        expected = oracle.colours[mask[rows][:, columns]]
        assert (seen == expected).all(-1)[below, across].mean() > 0.99
    divider.press("ArrowRight")
    assert int(divider.get_attribute("aria-valuenow")) == pytest.approx(32, abs=1)
    page.keyboard.press("s")
    assert page.locator(".halves").count() == 0
    page.keyboard.press("s")
    page.locator("#pane-2 .key").click()  # from the two halves to the one alone, as its key does
    assert page.locator(".halves").count() == 0
    assert page.locator(".pane:visible").count() == 1


# Disagreement


def test_entropy_equals_numpys(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#panel=agreement")
    page.get_by_role("button", name="Show where they disagree").click()
    drawn(page)
    values, mean = page.evaluate(f"{BOARD}.maps.votes(0).then(v => [[...v.values], v.mean])")
    votes = np.stack([(np.stack(oracle.masks) == k).mean(axis=0) for k in range(11)])
    surprise = np.where(votes > 0, -votes * np.log2(np.maximum(votes, 1e-9)), 0).sum(axis=0)
    assert np.abs(np.array(values).reshape(surprise.shape) - surprise).max() < 1e-5
    assert mean == pytest.approx(surprise.mean(), abs=1e-6)
    assert mean == pytest.approx(oracle.asked("agreement/")["entropy_mean"], abs=1e-6)
    assert f"({mean:.3f} bits" in page.locator(".mean").inner_text()
    share = 100 * mean / np.log2(MODELS)
    assert f"{share:.1f} % of what is possible" in page.locator(".mean").inner_text()
    assert page.locator(".pane:visible").count() == 1  # one large picture, not one in each pane
    opaque = fill(page, "map")[..., 3] > 0
    assert np.array_equal(opaque, surprise > 0)
    page.keyboard.press("s")  # two halves would show the map twice
    address(page, "#swipe=1.2&panel=agreement")


MOST = """async ([votes, classes]) => {
  const { module } = document.querySelector("[data-panel=agreement][data-module]").dataset;
  return (await import(module)).entropyMost(votes, classes);
}"""


def test_disagreement_is_of_what_the_votes_can_reach(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    for votes, classes in ((7, 2), (7, 3), (2, 11), (6, 3)):
        shares = np.bincount(np.arange(votes) % classes) / votes
        most = page.evaluate(MOST, [votes, classes])
        assert most == pytest.approx(-(shares * np.log2(shares)).sum())


def test_the_large_map_is_of_the_largest_class_list(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    drawn(page)
    page.evaluate(f"{BOARD}.data.panes[0].list = {BOARD}.data.lists.push([]) - 1")  # alone in it
    page.evaluate(f"{BOARD}.state.set({{ map: 'entropy' }})")
    page.locator("#pane-map mask-layer[data-drawn]").wait_for()
    opaque = fill(page, "map")[..., 3] > 0
    assert np.array_equal(opaque, oracle.masks[1] != oracle.masks[2])


def test_pairs_and_swaps(visit: Visit, oracle: Oracle) -> None:
    page = tall(visit, f"{oracle.path}#panel=agreement")
    agreed = (oracle.masks[0] == oracle.masks[2]).mean()
    row = page.locator(".matrix tbody tr").first
    assert row.locator("td").nth(2).inner_text() == f"{100 * agreed:.1f}"

    swap = page.locator(".finding").first
    sentence, share = swap.inner_text().split("\n")
    swap.click()
    kind, a, b, one, other = page.evaluate(f"{BOARD}.state.map").split(".")
    first, second = oracle.masks[int(a) - 1], oracle.masks[int(b) - 1]
    swapped = (first == int(one)) & (second == int(other))
    assert kind == "swap"
    assert share == f"{100 * swapped.mean():.1f} %"
    assert " says " in sentence
    # The swipe opens with those two, each in its own colours.
    wait_for_fill(page, int(a), coloured(first, oracle.colours, swapped))
    assert page.get_by_label("Model on the left").input_value() == a
    assert page.get_by_label("Model on the right").input_value() == b
    assert page.locator(".pane:visible").count() == 1
    page.keyboard.press("Escape")
    wait_for_fill(page, 1, coloured(oracle.masks[0], oracle.colours))


# Against the truth

DRAWN_IN = "#009e73", "#d55e00", "#f0e442"  # right, false, missed


def counted(page: Any, number: int, colours: tuple[str, ...]) -> list[int]:
    """How many of a pane's pixels are drawn in each colour."""
    pixels = fill(page, number)
    rgb = pixels[pixels[..., 3] > 0][:, :3]
    return [int((rgb == tuple(bytes.fromhex(c[1:]))).all(-1).sum()) for c in colours]


def test_error_maps_count_what_the_server_counts(visit: Visit, oracle: Oracle) -> None:
    scores = oracle.asked("truth/")["predictions"]
    page = tall(visit, f"{oracle.path}#panel=truth")
    page.locator(".counts tbody tr").nth(MODELS - 1).wait_for()
    page.get_by_role("button", name="Show errors").click()
    page.locator(".told").wait_for()
    for number, found in enumerate(scores, start=1):
        known = oracle.truth != 11
        right = (oracle.masks[number - 1] == oracle.truth) & known
        green = np.full((*right.shape, 3), tuple(bytes.fromhex("009e73")), np.uint8)
        expected = np.where(right[..., None], green, tuple(bytes.fromhex("d55e00")))
        wait_for_fill(page, number, np.dstack([expected, np.where(known, 255, 0)]).astype(np.uint8))
        assert counted(page, number, DRAWN_IN[:2]) == [found["right"], found["wrong"]]
        told = page.locator(".counts tbody tr").nth(number - 1).locator("td").all_inner_texts()
        assert [int(text.replace(",", "")) for text in told] == [
            found[part] for part in ("right", "wrong", "ignored")
        ]
    page.get_by_label("Errors of which class").select_option("3")
    page.wait_for_function(f"() => {BOARD}.state.map === 'errors.3'")
    page.wait_for_timeout(300)
    for number, found in enumerate(scores, start=1):
        _, false, missed = counted(page, number, DRAWN_IN)
        assert [false, missed] == [found["false"][3], found["missed"][3]]


def test_iou_by_class_and_model(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#panel=truth")
    page.locator(".scores table").wait_for()
    head = page.locator(".scores thead th").all_text_contents()
    scores = oracle.asked("truth/")["predictions"]
    for row, found in zip(page.locator(".scores tbody tr").all(), scores, strict=True):
        told = dict(zip(head[1:], row.locator("td").all_inner_texts(), strict=True))
        assert told["mIoU"] == f"{100 * found['miou']:.1f}"
        assert told["Boundary IoU"] == f"{100 * found['boundary_iou']:.1f}"
        assert told["road"] == f"{100 * found['per_class_iou'][3]:.1f}"
    last = page.locator(".scores thead th").last.bounding_box()
    assert last["x"] + last["width"] <= 1280  # all columns are in view


def test_who_alone_is_right(visit: Visit, oracle: Oracle) -> None:
    page = tall(visit, f"{oracle.path}#map=pair.1.3")
    one, other = oracle.masks[0] == oracle.truth, oracle.masks[2] == oracle.truth
    known = oracle.truth != 11
    page.locator(".told-key .number").first.wait_for()
    told = [
        int(text.replace(",", "")) for text in page.locator(".told-key .number").all_inner_texts()
    ]
    expected = [
        (one & ~other & known).sum(),
        (other & ~one & known).sum(),
        (~one & ~other & known).sum(),
    ]
    assert told == expected
    page.wait_for_timeout(300)
    assert counted(page, 1, ("#0072b2", "#e69f00", "#cc79a7")) == told
    assert page.locator(".halves").count() == 1


# Pixels


def top3(oracle: Oracle, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes and probabilities of a prediction as they are stored."""
    address = f"predictions/{oracle.predictions[place]['id']}/mask/?as=npz"
    stored = np.load(io.BytesIO(oracle.site.call(address)[1]))
    return stored["classes"], stored["probabilities"]


def test_inspector_shows_the_stored_probabilities(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#panel=pixel&cross=100.50")
    page.locator(".thoughts > li").nth(MODELS - 1).wait_for()
    names = {entry["id"]: entry["title"] for entry in page.evaluate(f"{BOARD}.data.lists[0]")}
    for place in range(MODELS):
        classes, probabilities = top3(oracle, place)
        told = page.locator(".thoughts > li").nth(place).locator(".ranks li").all_inner_texts()
        assert [text.split("\n") for text in told] == [
            [names[classes[rank, 50, 100]], f"{100 * int(probabilities[rank, 50, 100]) / 255:.1f}"]
            for rank in range(3)
        ]
    told = page.locator(".true", has_text="In truth")
    assert told.inner_text() == f"In truth: {names[oracle.truth[50, 100]]}"
    x, y, width, height = box(page, "#pane-1 .stage")
    page.mouse.move(x + width / 2, y + height / 2)
    assert page.locator(".at").inner_text() == f"Pixel {SIZE[0] // 2}, {SIZE[1] // 2}"


def test_slider_hides_uncertain_pixels_in_all_panes(visit: Visit, oracle: Oracle) -> None:
    page = tall(visit, f"{oracle.path}#panel=pixel")
    # The panel writes here once it listens.
    page.wait_for_function("() => document.querySelector('output.sure').textContent")
    page.get_by_label("Hide pixels below").fill("60")
    for place, mask in enumerate(oracle.masks):
        sure = top3(oracle, place)[1][0] >= 0.6 * 255
        assert 0 < sure.mean() < 1
        wait_for_fill(page, place + 1, coloured(mask, oracle.colours, sure))
    address(page, "#sure=60&panel=pixel")
    page.reload()
    sure = top3(oracle, 0)[1][0] >= 0.6 * 255
    wait_for_fill(page, 1, coloured(oracle.masks[0], oracle.colours, sure))


# With networks


def test_ensemble_becomes_a_pane(visit: Visit, compared: str) -> None:  # noqa: F811
    page = visit(f"{compared}#panel=ensemble")
    page.get_by_label("Weight: SegNet").fill("2")
    page.get_by_role("button", name="Combine").click()
    page.locator("#pane-4").wait_for()
    drawn(page)
    page.locator(".outcome tbody th").nth(2).wait_for()
    assert page.locator(".outcome tbody th").all_inner_texts() == ["FCN-8s", "SegNet", "U-Net"]
    mask = page.locator("#pane-4 mask-layer img").get_attribute("src")
    ids = np.asarray(Image.open(io.BytesIO(page.request.get(mask).body())))
    colours = np.array(
        [
            tuple(bytes.fromhex(entry["colour"][1:]))
            for entry in page.evaluate(f"{BOARD}.data.lists[0]")
        ]
    )
    tap(page, "4")
    wait_for_fill(page, 4, coloured(ids, colours))
    shares = page.locator(".classes td[data-pane='4']")
    assert shares.count() == page.locator(".class-table tbody").count()
    biggest = np.bincount(ids.ravel()).argmax()
    cell = page.locator(f"[data-class='{biggest}'] td[data-pane='4']")
    assert cell.text_content() == f"{100 * (ids == biggest).mean():.0f}"
    page.wait_for_function("() => location.hash.includes('view=4')")
    page.reload()  # the ensemble is in the address
    page.locator("#pane-4").wait_for()
    wait_for_fill(page, 4, coloured(ids, colours))
    spans = "[...new Set([...document.querySelectorAll('.classes tbody th')].map(c => c.colSpan))]"
    page.locator(".classes td[data-pane='4']").first.wait_for(state="attached")
    assert page.evaluate(spans) == [4]
    page.evaluate(f"{BOARD}.state.set({{ ensemble: '' }})")
    assert page.evaluate(spans) == [3]


def test_inside_a_network(visit: Visit, compared: str) -> None:  # noqa: F811
    page = visit(f"{compared}#panel=inside")
    page.get_by_label("Network", exact=True).select_option("2")  # SegNet
    x, y, width, height = box(page, "#pane-2 .stage")
    page.mouse.click(x + width / 2, y + height / 2)
    page.locator(".strip li").first.wait_for()
    assert page.locator(".strip img").first.get_attribute("alt").startswith("Unpooling")
    assert "percent of its side" in page.locator(".reach").inner_text()
    page.locator("#pane-2 .receptive").wait_for()
    page.wait_for_function("() => location.hash.includes('map=field')")
    assert page.locator(".pane:visible").count() == 1  # large, not in one pane of many
    x, y, width, height = box(page, "#pane-2 .stage")
    theory = box(page, "#pane-2 .receptive")
    assert theory[0] + theory[2] / 2 == pytest.approx(x + width / 2, abs=5)
    page.reload()  # the map is in the address
    page.locator("#pane-2 .receptive").wait_for()


def test_costs_can_be_sorted(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#panel=speed")
    titles = page.locator(".costs tbody th")
    titles.first.wait_for()
    assert titles.all_inner_texts()[0].startswith("1 ")
    page.get_by_role("button", name="Parameters").click()
    page.get_by_role("button", name="Parameters").click()
    assert titles.all_inner_texts()[0].startswith("3 ")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Parameters")
    assert page.locator(".scatter circle").count() == MODELS


# Everyone


PANELS = (
    "#panel=agreement&map=entropy",
    "#panel=truth&map=errors",
    "#panel=pixel&cross=100.50",
    "#panel=ensemble",
    "#panel=inside",
    "#panel=speed",
)


@pytest.mark.parametrize(
    ("scheme", "width", "states"),
    [
        ("light", 1280, ("", "#swipe=1.2", *PANELS)),
        ("dark", 1280, PANELS[:3]),
        ("light", 360, ("", *PANELS[:2])),
    ],
)
def test_axe_finds_no_serious_fault(
    visit: Visit, oracle: Oracle, scheme: str, width: int, states: tuple[str, ...]
) -> None:
    page = visit("/", width=width, height=800, color_scheme=scheme)
    for state in states:
        page.goto("about:blank")
        page.goto(f"{oracle.path}{state}")
        page.wait_for_load_state("networkidle")
        assert axe_faults(page) == [], state


def test_help_lists_the_keys(visit: Visit, oracle: Oracle) -> None:
    page = visit(oracle.path)
    drawn(page)
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("2")  # the page beneath does not listen
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Keys").wait_for(state="hidden")
    assert page.evaluate("location.hash") == ""
    for _ in range(2):  # at once
        page.keyboard.press("?")
        page.locator("dialog.keys button").click()
        assert page.locator("dialog.keys").is_hidden()


def test_escape_leaves_one_thing_at_a_time(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#map=errors")
    drawn(page)
    page.locator("#pane-1 summary").first.click()
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    assert page.locator(".told").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".told").is_hidden()


def test_an_address_may_name_what_is_not_there(visit: Visit, oracle: Oracle) -> None:
    page = visit(f"{oracle.path}#view=99&swipe=7.8&zoom=0&map=pair.8.9&cross=x.y&panel=none&mode=x")
    wait_for_fill(page, 1, coloured(oracle.masks[0], oracle.colours))
    assert page.locator(".told").is_hidden()
    assert page.locator(".pane:visible").count() == MODELS


def test_masks_off_the_screen_are_left_until_they_are_needed(visit: Visit, oracle: Oracle) -> None:
    fetched = set()
    page = visit("/", width=420, height=500)
    page.on("request", lambda request: "/mask/" in request.url and fetched.add(request.url))
    page.goto(f"{oracle.path}#panel=agreement")
    page.get_by_role("button", name="Show where they disagree").click()
    page.wait_for_function(f"() => {BOARD}.maps.votes(0)")
    assert len(fetched) == MODELS

"""The compare page's layout, and what it says at once: measured in Chromium, with drawn masks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.browser.test_compare import drawn
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]
Drawn = Callable[[int], str]

# The share of the window that masks take, and whether all of them are whole in it.
SEEN = """() => {
  const stages = [...document.querySelectorAll(".stage")].map((e) => e.getBoundingClientRect());
  const area = stages.reduce((sum, { width, height }) => sum + width * height, 0);
  const inside = ({ top, bottom, left, right }) =>
    top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
  return [area / innerWidth / innerHeight, stages.filter(inside).length];
}"""


# How many names of models are cut.
CUT = """() => [...document.querySelectorAll(".pane h2")]
  .filter((e) => e.scrollWidth > e.clientWidth).length"""


@pytest.fixture(scope="module")
def of(site: Stack) -> Drawn:
    """The path of a comparison of so many models, of a 4:3 image with a true mask."""

    @cache
    def path(models: int) -> str:
        return site.python("-m", "tests.browser.drawn", "160", "120", str(models))

    return path


@pytest.mark.parametrize(("models", "least"), [(2, 0.35), (4, 0.5), (6, 0.48), (9, 0.5), (12, 0.5)])
def test_all_masks_are_in_view_and_the_largest_thing(
    visit: Visit, of: Drawn, models: int, least: float
) -> None:
    page = visit(of(models), width=1280, height=900)
    drawn(page)
    share, whole = page.evaluate(SEEN)
    assert whole == models
    assert share >= least
    page.get_by_role("button", name="Classes", exact=True).click()
    page.wait_for_function("() => location.hash === '#fold=1'")
    drawn(page)
    share, whole = page.evaluate(SEEN)
    assert whole == models
    assert models == 2 or share >= 0.65
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.reload()  # the address keeps it
    drawn(page)
    assert page.locator(".classes").is_hidden()


def test_a_wide_window_is_used(visit: Visit, of: Drawn) -> None:
    page = visit(of(12), width=2560, height=1400)
    drawn(page)
    share, whole = page.evaluate(SEEN)
    assert (whole, share > 0.6) == (12, True)


def test_on_a_phone_models_are_swiped_through(visit: Visit, of: Drawn) -> None:
    page = visit(of(4), width=360, height=740, has_touch=True)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    touches = page.context.new_cdp_session(page)
    box = page.locator("#pane-1 .stage").bounding_box()
    x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2

    def touch(kind: str, *at: float) -> None:
        points = [{"x": x, "y": y} for x in at]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x)
    for step in range(1, 11):
        touch("touchMove", x - 22 * step)
    touch("touchEnd")
    page.wait_for_function(
        """() => {
          const { left, right } = document.querySelector("#pane-2 .stage").getBoundingClientRect();
          return left >= 0 && right <= innerWidth;
        }"""
    )


def test_heads_say_score_rank_and_gap(visit: Visit, of: Drawn, site: Stack) -> None:
    page = visit(of(4), width=1280, height=900)
    found = site.get(f"comparisons/{of(4).split('/')[2]}/truth/")["predictions"]
    scores = [entry["miou"] for entry in found]
    best, next_best = sorted(scores, reverse=True)[:2]
    for number, score in enumerate(scores, start=1):
        rank = sorted(scores, reverse=True).index(score) + 1
        gap = 100 * (score - (next_best if rank == 1 else best))
        told = page.locator(f"#standing-{number}").inner_text()
        assert told == (
            f"{100 * score:.1f} · {rank}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(rank, 'th') } of 4 · "
            f"{'+' if gap > 0 else '−'}{abs(gap):.1f}"
        )
    answer = page.locator("#answer").inner_text()
    leader = page.locator(f"#pane-{scores.index(best) + 1} h2").inner_text()
    assert answer.startswith(f"{leader} is best: {100 * best:.1f} mIoU on this image")
    assert re.search(r"The others lose most in [a-z]+ \(−\d+\.\d\)", answer)


def test_panes_are_ordered_and_the_address_keeps_it(visit: Visit, of: Drawn, site: Stack) -> None:
    page = visit(of(6), width=1280, height=900)
    numbers = "[...document.querySelectorAll('.pane')].map((pane) => Number(pane.dataset.number))"
    assert page.evaluate(numbers) == [1, 2, 3, 4, 5, 6]
    page.get_by_label("Order of the models").select_option("score")
    found = site.get(f"comparisons/{of(6).split('/')[2]}/truth/")["predictions"]
    scores = [entry["miou"] for entry in found]
    wanted = sorted(range(1, 7), key=lambda number: (-scores[number - 1], number))
    assert page.evaluate(numbers) == wanted
    page.wait_for_function("() => location.hash === '#sort=score'")
    page.reload()
    drawn(page)
    assert page.evaluate(numbers) == wanted
    page.get_by_label("Order of the models").select_option("speed")
    assert page.evaluate(numbers) == [1, 2, 3, 4, 5, 6]  # as they were drawn


def test_alt_click_shows_one_class_alone(visit: Visit, of: Drawn) -> None:
    page = visit(of(2))
    drawn(page)
    classes = page.locator(".classes [data-off]")
    names = classes.evaluate_all("all => all.map((button) => button.dataset.off)")
    classes.nth(1).click(modifiers=["Alt"])
    pressed = page.locator(".classes [data-off][aria-pressed=true]")
    assert pressed.evaluate_all("all => all.map((button) => button.dataset.off)") == [names[1]]
    classes.nth(1).click(modifiers=["Alt"])
    assert pressed.count() == len(names)
    assert page.locator(".classes .worst").count() <= 1
    page.wait_for_selector(".classes .worst")  # told once the masks are compared


def test_a_panel_opens_with_the_focus_in_it_and_escape_closes_it(visit: Visit, of: Drawn) -> None:
    page = visit(of(4))
    drawn(page)
    inside = "() => Boolean(document.activeElement.closest('.drawer section'))"
    for name in ("Agreement", "Scores", "Pixel", "Speed"):
        tab = page.get_by_role("button", name=name, exact=True)
        tab.click()
        assert page.evaluate(inside), name
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.closest('.drawer') !== null"), name
        page.keyboard.press("Escape")
        assert page.locator(".drawer").is_hidden()
        assert tab.evaluate("tab => tab === document.activeElement"), name


def test_escape_takes_the_crosshair_and_the_panel_away(visit: Visit, of: Drawn) -> None:
    page = visit(f"{of(2)}#panel=pixel")
    drawn(page)
    page.locator("#pane-1 .stage").click()
    page.wait_for_function("() => /cross=/.test(location.hash)")
    page.mouse.move(2, 2)
    page.reload()
    drawn(page)
    assert page.locator(".cross:visible").count() == 2
    page.keyboard.press("Escape")
    page.wait_for_function("() => location.hash === ''")
    assert page.locator(".cross:visible").count() == 0
    assert page.locator(".drawer").is_hidden()


def test_facts_and_downloads_are_behind_the_head(visit: Visit, of: Drawn) -> None:
    page = visit(of(12), width=1280, height=900)
    drawn(page)
    assert page.get_by_text("Download the mask").locator("visible=true").count() == 0
    page.locator("#pane-12 summary").first.click()
    link = page.locator("#pane-12").get_by_role("link", name="Download the mask")
    link.scroll_into_view_if_needed()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".png")


def test_a_long_name_moves_no_image(visit: Visit, of: Drawn) -> None:
    page = visit(of(6), width=1280, height=900)
    drawn(page)
    page.locator("#pane-2 h2").evaluate(
        "head => { head.textContent = 'A very long name '.repeat(9) }"
    )
    stages = [page.locator(f"#pane-{number} .stage").bounding_box() for number in (1, 2, 3)]
    assert len({stage["y"] for stage in stages}) == 1


def test_names_are_whole_beside_a_panel(visit: Visit, of: Drawn) -> None:
    page = visit(of(12), width=1280, height=900)
    drawn(page)
    # As long as the longest that ships.
    names = page.locator(".pane h2")
    names.evaluate_all("all => all.forEach((e) => (e.textContent = 'DilatedNet, large context'))")
    for tab in ("Agreement", "Pixel"):
        page.locator(".tabs").get_by_text(tab, exact=True).click()
        drawn(page)
        assert page.evaluate(CUT) == 0


def test_names_are_whole_over_the_images(visit: Visit, of: Drawn) -> None:
    page = visit(of(12), width=1280, height=900)
    drawn(page)
    names = page.locator(".pane h2")
    names.evaluate_all("all => all.forEach((e) => (e.textContent = 'DilatedNet, large context'))")
    page.keyboard.press("l")
    page.locator("compare-board[data-heads~=over]").wait_for()
    drawn(page)
    assert page.evaluate(CUT) == 0
    over = "all => all.map((e) => e.offsetWidth - e.parentElement.offsetWidth)"
    assert max(page.locator(".pane-head").evaluate_all(over)) <= 0


def test_on_a_phone_a_tiles_menu_is_whole(visit: Visit, of: Drawn) -> None:
    page = visit(of(4), width=360, height=740, has_touch=True)
    drawn(page)
    page.locator(".more-key").first.click()
    menu = page.locator(".pane .menu-panel").first.bounding_box()
    row = page.locator(".panes").bounding_box()
    assert menu["y"] + menu["height"] <= row["y"] + row["height"]
    page.get_by_role("link", name="Download the mask").first.click(trial=True)

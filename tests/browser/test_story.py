"""The story's figures: their numbers are torch's, with and without scripts, by pointer or keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lineage.figures import FIGURES
from models_zoo.study.grids import CELL, KINDS, grid_compute
from segweb.env import BASE_DIR
from tests.browser.test_pages import axe_faults

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]
COMPUTE = """async (cases) => {
  const { steps } = await import("/static/js/lineage/operations.js");
  return cases.map(([kind, map, choice]) => steps(kind, map, choice).map(({ rows }) => rows));
}"""
# Of each map its numbers, and which cells are marked, both from the top left.
DRAWN = """(figure) => [...figure.querySelectorAll("svg")].map((picture) => {
  const at = (cell, axis) => Number(cell.querySelector("rect").getAttribute(axis)) / 36;
  const cells = [...picture.querySelectorAll(".cell")]
    .map((cell) => ({ cell, row: at(cell, "y"), column: at(cell, "x") }))
    .sort((a, b) => a.row - b.row || a.column - b.column);
  return {
    texts: cells.map(({ cell }) => cell.textContent),
    reached: cells.filter(({ cell }) => cell.classList.contains("reached"))
      .map(({ row, column }) => [row, column]),
  };
})"""


@pytest.fixture
def computed(browser: Any) -> Callable[[list[tuple[str, Any, str]]], list[Any]]:
    """What the page's script makes of [kind, map, choice]; no server is asked."""
    page = browser.new_page()

    def answer(route: Any) -> None:
        path = BASE_DIR / route.request.url.partition("//story.invalid/")[2]
        if path.is_file():
            route.fulfill(path=path, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://story.invalid/")
    yield lambda cases: page.evaluate(COMPUTE, cases)
    page.close()


def numbers(side: int, turn: int) -> list[list[int]]:
    """A map of digits, some of them equal in a window."""
    return [[(7 * r + 5 * c * c + 3 * r * c + turn) % 10 for c in range(side)] for r in range(side)]


def test_the_scripts_numbers_are_torchs(computed: Callable[[list[Any]], list[Any]]) -> None:
    cases = [
        (kind, numbers(n, turn), choice)
        for kind, (_, rows, choices) in KINDS.items()
        for n in (len(rows), len(rows) + 6)
        for turn in range(2)
        for choice in choices
    ]
    for (kind, rows, choice), found in zip(cases, computed(cases), strict=True):
        right = [grid["rows"] for grid in grid_compute(kind, rows, choice)]
        for one, other in zip(found, right, strict=True):
            assert one == [pytest.approx(row, abs=1e-4) for row in other], (kind, choice)


def test_still_pictures_and_live_figures_show_the_same(visit: Visit) -> None:
    still = visit("/lineage/", java_script_enabled=False)
    live = visit("/lineage/")
    for kind, figure in FIGURES.items():
        (before,), (after,) = (
            [one.evaluate(DRAWN) for one in page.locator(f"[data-kind={kind}]").all()]
            for page in (still, live)
        )
        assert [one["texts"] for one in before] == [one["texts"] for one in after], kind
        right = grid_compute(kind, KINDS[kind][1], figure.still["choice"])
        for grid, first, second in zip(right, before, after, strict=True):
            assert first["reached"] == grid["reached"], kind
            # Of inserted zeros torch knows nothing; the figure marks them too.
            assert second["reached"] == grid["reached"] or not grid["reached"], kind
        assert set(figure.choices) == set(KINDS[kind][2])
    assert still.locator("fieldset:visible").count() == 0


def test_a_figure_is_operated_by_keys_alone(visit: Visit) -> None:
    page = visit("/lineage/")
    figure = page.locator("[data-kind=dilation]")
    rows = KINDS["dilation"][1]
    slider = figure.get_by_role("slider", name="Rate")
    slider.focus()
    slider.press("ArrowRight")
    right = grid_compute("dilation", rows, "3")[-1]["rows"]
    row, column = CELL
    told = figure.locator("output")
    assert f"Row {row + 1}, column {column + 1}: {right[row][column]:.0f} =" in told.inner_text()
    page.keyboard.press("Tab")  # the map, whose cells count up
    page.keyboard.press("Enter")
    assert told.inner_text() == f"Row 1, column 1: {rows[0][0] + 1}"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert told.inner_text().startswith(f"Row {row + 2}, column {column + 1}: ")
    for _ in range(9):
        page.keyboard.press("ArrowLeft")  # stops at the edge
    assert told.inner_text().startswith(f"Row {row + 2}, column 1: ")


def test_a_cell_is_chosen_by_pointing_and_says_its_sum(visit: Visit) -> None:
    page = visit("/lineage/")
    figure = page.locator("[data-kind=unpooling]")
    figure.locator("svg").last.locator('[data-cell="0,0"]').click()
    assert figure.locator("output").inner_text() == "Row 1, column 1: 1 = 1 · 1"
    figure.locator("svg").last.locator('[data-cell="0,1"]').click()
    assert figure.locator("output").inner_text() == "Row 1, column 2: 0 = nothing was put here"
    figure.get_by_label("by interpolation").check()
    assert figure.locator("output").inner_text().startswith("Row 1, column 2: 1.25 = 0.75 · 1 + ")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_serious_in_the_story(
    visit: Visit, width: int, scheme: str, language: str
) -> None:
    page = visit("/lineage/", width=width, color_scheme=scheme, locale=language)
    assert axe_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

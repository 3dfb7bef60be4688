"""Every page at every size and in both colour schemes: it fits, it can be read and be operated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_compare import compared, upload  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]
SIZES = [(360, 740), (1280, 800), (2560, 1400)]

# The visible texts whose contrast with what lies behind them is under 4.5 (WCAG AA).
FAINT = """() => {
  const channels = (colour) => {
    const [r, g, b, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    const all = colour.startsWith("color(") ? 255 : 1;
    return [all * r, all * g, all * b, alpha];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) =>
    [0, 1, 2].map((c) => top[3] * top[c] + (1 - top[3]) * below[c]).concat(1);
  const ground = (element) =>
    element
      ? over(channels(getComputedStyle(element).backgroundColor), ground(element.parentElement))
      : [255, 255, 255, 1];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const pair = [channels(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faint.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

# Controls without a name, pictures without a text, ids used twice.
NAMELESS = """() => {
  const named = (e) => e.labels?.length || e.ariaLabel || e.innerText?.trim() || e.title;
  const controls = [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")];
  const nameless = controls.filter((e) => e.checkVisibility() && !named(e));
  const pictures = [...document.querySelectorAll("img:not([alt]), canvas.fill:not([aria-label])")];
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [...nameless, ...pictures].map((e) => e.outerHTML).concat(twice);
}"""


@pytest.mark.parametrize(
    ("width", "height", "scheme", "language"),
    [(*size, scheme, "en") for size in SIZES for scheme in ("light", "dark")]
    + [(360, 740, "light", "ko")],
)
def test_every_page_fits_and_can_be_read(
    visit: Visit,
    compared: str,  # noqa: F811
    width: int,
    height: int,
    scheme: str,
    language: str,
) -> None:
    page = visit(width=width, height=height, color_scheme=scheme, locale=language)
    for path in ("/", "/models/", "/history/", "/accounts/login/", compared, f"{compared}#view=1"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1
        assert_sound(page, path)
        for summary in page.locator("summary:visible").all()[:3]:
            summary.click()
            assert_sound(page, path)
            summary.click()


def assert_sound(page: Any, path: str) -> None:
    """Nothing sticks out, is faint or lacks a name."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert page.evaluate(FAINT) == [], path
    assert page.evaluate(NAMELESS) == [], path


def axe_faults(page: Any) -> list[str]:
    """What axe calls serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
        if violation["impact"] in ("serious", "critical")
    ]


def test_image_is_the_largest_thing_on_the_screen(visit: Visit, compared: str) -> None:  # noqa: F811
    for width, height in SIZES:
        page = visit(compared, width=width, height=height)
        page.wait_for_load_state("networkidle")
        boxes = [stage.bounding_box() for stage in page.locator(".stage").all()]
        seen = sum(b["width"] * max(0, min(b["height"], height - b["y"])) for b in boxes)
        assert seen > 0.25 * width * height


def test_by_keyboard_alone(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    reached = set()
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement !== document.body"):
        focused = page.locator(":focus")
        reached.add(focused.text_content().strip())
        assert focused.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
        page.keyboard.press("Tab")
    assert reached >= {"All", "1", "2", "3", "Share", "Run again", "Delete", "Mask", "Overlay"}


def test_models_are_found_and_a_data_set_is_ticked_whole(visit: Visit) -> None:
    page = visit("/")
    group = page.locator(".model-set", has_text="CamVid")  # other files' tests leave more groups
    boxes, told = group.locator("[name=models]"), group.locator("output")
    assert told.inner_text() == "3 / 3"
    group.locator("[data-all]").uncheck()
    assert told.inner_text() == "0 / 3"
    page.get_by_role("searchbox", name="Find a model").fill("segnet")
    assert [box.is_visible() for box in boxes.all()].count(True) == 1
    group.locator("[data-all]").click()  # those in view: it is not whole then
    assert told.inner_text() == "1 / 3"
    assert group.locator("[name=models]:checked").get_attribute("value").endswith("segnet-slim")
    page.get_by_role("searchbox").press("Enter")
    assert page.url.endswith("/")  # no form is sent

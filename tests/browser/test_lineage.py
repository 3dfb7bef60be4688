"""The pages that explain, at every size and in both colour schemes, and what one does on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, assert_sound

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]
PAGES = ("/lineage/", "/architectures/", *(f"/architectures/{key}/" for key in (
    "segnet", "pspnet_resnet50", "edeconvnet", "torchvision_lraspp_mobilenet")))  # fmt: skip
# Texts of the drawing that stick out of their box.
OUTSIDE = """() => [...document.querySelectorAll(".data-path .box")].flatMap((box) => {
  const frame = box.querySelector("rect").getBoundingClientRect();
  return [...box.querySelectorAll("text")]
    .filter((text) => {
      const { left, right } = text.getBoundingClientRect();
      return left < frame.left || right > frame.right;
    })
    .map((text) => text.textContent);
})"""


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(*size, scheme) for size in SIZES for scheme in ("light", "dark")],
)
def test_every_page_fits_and_can_be_read(
    visit: Visit, width: int, height: int, scheme: str
) -> None:
    page = visit(width=width, height=height, color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1
        assert_sound(page, path)
        assert page.evaluate(OUTSIDE) == [], path


def test_from_the_first_page_to_a_networks_narrower_path(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("link", name="Lineage").click()
    page.get_by_role("link", name="Architectures").click()
    page.get_by_role("link", name="SegNet", exact=True).click()
    page.wait_for_url("**/architectures/segnet/")
    assert page.locator(".place-wire").count() == 5
    full = page.locator(".data-path .shape").all_text_contents()
    page.get_by_role("link", name="slim", exact=True).click()
    page.wait_for_url("**variant=slim**")
    assert page.locator(".data-path .shape").all_text_contents() != full

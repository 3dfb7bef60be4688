"""From an image to three masks that lie on it, as someone with a browser sees it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import PATIENCE
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]


def upload(page: Any, photo: Path) -> None:
    """Pick a file, and wait until every mask has arrived."""
    page.set_input_files(".drop-target input", photo)
    page.wait_for_url("**/c/**")
    all_arrived(page)


def all_arrived(page: Any) -> None:
    """Wait until every mask has arrived, and those on the screen are drawn."""
    page.get_by_text("Masks: 3 of 3", exact=True).wait_for()
    # Said with whichever mask comes first once all are there; the others follow.
    page.locator(".shown[data-state=DONE]").nth(2).wait_for(state="attached")
    drawn(page)


# Drawn, and at rest: at the present size and view, every mask that is on the screen.
DRAWN = """() => !document.querySelector("[data-moving]") &&
  [...document.querySelectorAll("mask-layer")].every((layer) => {
    const { top, bottom, left, right } = layer.closest(".stage").getBoundingClientRect();
    const inside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
    const seen = layer.checkVisibility() && inside;
    return !seen || "drawn" in layer.dataset;
  })"""


def drawn(page: Any) -> None:
    """Wait until every mask on the screen is drawn as the page's state wants it."""
    page.wait_for_function(DRAWN)


def tap(page: Any, key: str) -> None:
    """A key pressed and let go at once, however busy the machine: pages measure for how long."""
    page.evaluate(
        """key => {
          for (const type of ["keydown", "keyup"])
            document.activeElement.dispatchEvent(
              new KeyboardEvent(type, { key, bubbles: true, cancelable: true }))
        }""",
        key,
    )


def address(page: Any, expected: str) -> None:
    """Wait until the address keeps this state after "#"."""
    page.wait_for_function("hash => location.hash === hash", arg=expected)


@pytest.fixture(scope="module")
def compared(site: Stack, browser: Any, photo: Path) -> str:
    """The path of a comparison whose masks have all arrived."""
    page = browser.new_page(base_url=site.url)
    page.set_default_timeout(PATIENCE)
    page.goto("/")
    upload(page, photo)
    path = page.evaluate("location.pathname")
    page.close()
    return path


def box(page: Any, selector: str) -> np.ndarray:
    """x, y, width and height of the first element, in CSS pixels."""
    found = page.locator(selector).first.bounding_box()
    return np.array([found[side] for side in ("x", "y", "width", "height")])


def shown(page: Any, selector: str) -> np.ndarray:
    """The pixels of the first element, H×W×3."""
    picture = Image.open(io.BytesIO(page.locator(selector).first.screenshot()))
    return np.asarray(picture.convert("RGB"))


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures show the same; blending may round differently."""
    return np.abs(one.astype(int) - other).max() <= 2


def true_colours(page: Any, size: tuple[int, int]) -> np.ndarray:
    """The first mask in its colours as height × width pixels, straight from the server."""
    address = page.locator("mask-layer img").first.get_attribute("src")
    mask = Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB")
    height, width = size
    rows = ((np.arange(height) + 0.5) * mask.height / height).astype(int)
    columns = ((np.arange(width) + 0.5) * mask.width / width).astype(int)
    return np.asarray(mask)[rows][:, columns]


def test_upload_to_three_masks(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    assert page.locator(".shown[data-state=DONE]").count() == 3
    for pane in page.locator(".pane").all():
        pane.locator("summary").first.click()
        assert "CamVid (CC BY-NC 4.0)" in pane.inner_text()
        assert re.search(r"\d+ ms|\d\.\d\d s", pane.inner_text())
    page.keyboard.press("Escape")
    assert page.locator(".class-table thead th").all_inner_texts() == ["1", "2", "3"]
    assert page.locator(".class-table tbody").count() > 0


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (420, 900), (2560, 1400)])
@pytest.mark.parametrize("view", ["", "view=1&"])
def test_mask_lies_exactly_on_the_image(
    visit: Visit, compared: str, width: int, height: int, view: str
) -> None:
    page = visit(f"{compared}#{view}mode=mask", width=width, height=height)
    all_arrived(page)
    image = box(page, ".photo")
    assert np.abs(box(page, ".fill") - image).max() < 1
    assert image[2] / image[3] == pytest.approx(320 / 200, rel=0.01)
    page.evaluate("scrollTo(0, document.querySelector('.stage').offsetTop)")
    seen = shown(page, ".stage")
    inside = np.s_[2:-2, 2:-2]  # a screenshot is cut at whole pixels
    equal = (seen == true_colours(page, seen.shape[:2])).all(axis=-1)[inside]
    assert equal.mean() > 0.999


def test_one_mask_alone_fits_the_window(visit: Visit, compared: str) -> None:
    page = visit(f"{compared}#view=2")
    all_arrived(page)
    x, y, width, height = box(page, ".pane.current .photo")
    assert y + height <= 800
    assert x + width <= 1280
    assert width > 800


def test_keys_and_what_the_address_keeps(visit: Visit, compared: str) -> None:
    page = visit(compared)
    all_arrived(page)
    visible = "document.querySelectorAll('.pane').values().filter(p => p.checkVisibility())"
    numbers = f"[...{visible}].map(p => p.dataset.number).join('')"
    masks = "getComputedStyle(document.querySelector('mask-layer')).visibility"
    fills = "getComputedStyle(document.querySelector('.fill')).opacity"
    assert page.evaluate(numbers) == "123"
    tap(page, "2")
    assert page.evaluate(numbers) == "2"
    tap(page, "3")
    assert page.evaluate(numbers) == "3"
    tap(page, "0")
    assert page.evaluate(masks) == "hidden"
    page.keyboard.press("c")
    assert page.evaluate(fills) == "0"
    address(page, "#view=3&bare=1&mode=contours")

    page.reload()
    all_arrived(page)
    assert page.evaluate(numbers) == "3"
    assert page.evaluate(masks) == "hidden"
    for key in "0ao":
        tap(page, key)
    assert page.evaluate(numbers) == "123"
    assert page.evaluate(masks) == "visible"
    assert page.evaluate(fills) == "0.6"
    address(page, "")


def test_slider_sets_the_opacity_of_every_mask(visit: Visit, compared: str) -> None:
    page = visit(compared)
    all_arrived(page)
    page.get_by_label("Opacity").fill("25")
    opacities = "[...document.querySelectorAll('.fill')].map(c => getComputedStyle(c).opacity)"
    assert page.evaluate(opacities) == ["0.25"] * 3
    page.get_by_label("Opacity").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(opacities) == ["0.3"] * 3
    address(page, "#opacity=30")
    page.reload()
    all_arrived(page)
    assert page.get_by_label("Opacity").input_value() == "30"


def test_reload_and_share_link_show_the_same(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    page.locator("#answer strong").wait_for()  # which may take a line from the tiles
    drawn(page)
    before = shown(page, ".stage")
    page.reload()
    all_arrived(page)
    assert alike(shown(page, ".stage"), before)

    page.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text("Shared", exact=True).click()
    link = page.get_by_label("Share link").input_value()
    guest = visit(link)
    all_arrived(guest)
    assert alike(shown(guest, ".stage"), before)
    assert guest.get_by_text("Delete").count() == 0

    page.get_by_role("button", name="Stop sharing").click()
    page.get_by_text("The link no longer works.").wait_for()
    assert guest.request.get(link).status == 404


def test_history_and_delete(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    page.get_by_role("link", name="History").click()
    page.locator(".tile").click()
    all_arrived(page)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("You have not compared anything yet.").wait_for()


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_image_dropped_or_pasted_anywhere(visit: Visit, photo: Path, way: str) -> None:
    page = visit()
    page.evaluate(
        """([way, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          const event = way === "drop"
            ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.querySelector("h1").dispatchEvent(event);
        }""",
        [way, list(photo.read_bytes())],
    )
    page.wait_for_url("**/c/**")
    assert page.title() == "x.png · SegWeb"


def test_a_data_set_is_ticked_and_unticked_as_far_as_it_is_in_view(visit: Visit) -> None:
    page = visit()
    every, found = page.locator("[data-all]").first, page.get_by_label("SegNet")
    page.get_by_label("U-Net").uncheck()
    page.get_by_label("Find a model").fill("segnet")
    every.click()
    assert not found.is_checked()
    every.click()
    assert found.is_checked()
    page.get_by_label("Find a model").fill("")
    assert page.locator("[name=models]:checked").count() == 2


def test_sample_with_chosen_models(visit: Visit) -> None:
    page = visit()
    page.get_by_label("SegNet").uncheck()
    page.locator(".samples .tile").first.click()
    page.wait_for_url("**/c/**")
    assert page.locator(".pane h2").all_inner_texts() == ["FCN-8s", "U-Net"]


def test_refusal_is_told_and_another_image_can_follow(
    visit: Visit, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:500])
    page = visit()
    page.set_input_files(".drop-target input", broken)
    page.get_by_text("The image is damaged or cut off.").wait_for()
    page.get_by_role("button", name="Send it again").wait_for()  # once it is mended
    page.set_input_files(".drop-target input", photo)
    page.wait_for_url("**/c/**")


def test_file_chosen_before_the_module_arrives_is_sent(visit: Visit, photo: Path) -> None:
    page, held = visit(), []
    page.route("**/drop-zone*.js", lambda route: held.append(route))
    with page.expect_request("**/drop-zone*.js"):
        page.goto("/", wait_until="commit")
    page.set_input_files(".drop-target input", photo)
    held[0].continue_()
    page.wait_for_url("**/c/**")


def test_without_scripts(visit: Visit, photo: Path) -> None:
    page = visit(java_script_enabled=False)
    page.set_input_files(".drop-target input", photo)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**/c/**")
    page.get_by_text("Masks: 3 of 3", exact=True).wait_for()  # the page reloads itself
    page.wait_for_load_state()
    assert page.locator("mask-layer img:visible").count() == 3
    assert np.abs(box(page, "mask-layer img") - box(page, ".photo")).max() < 1

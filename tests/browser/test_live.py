"""Live, by Chromium's own camera and by a video that the test records from a canvas."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import PATIENCE
from tests.chromium import CHROMIUM, FLAGS
from tests.stack import Stack
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

# A red square goes from left to right for a second, recorded as WebM; its bytes in base64.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const over = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let x = 0; x < 20; x++) {
    context.fillStyle = "white";
    context.fillRect(0, 0, 320, 240);
    context.fillStyle = "red";
    context.fillRect(x * 12, 90, 60, 60);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await over;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""


@pytest.fixture(scope="module")
def camera(browser: Any) -> Iterator[Any]:
    """A Chromium with a camera, which draws a clock."""
    launched = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *CAMERA])
    yield launched
    launched.close()


@pytest.fixture
def page(camera: Any, site: Stack) -> Iterator[Any]:
    """The live page, which reports no fault."""
    context = camera.new_context(base_url=site.url, locale="en")
    context.set_default_timeout(PATIENCE)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto("/live/")
    yield page
    context.close()
    assert faults == []


def seen(page: Any, panes: int) -> None:
    """Wait for masks in so many panes, and for a second frame."""
    page.wait_for_function("n => document.querySelectorAll('.live-pane').length === n", arg=panes)
    canvas = page.locator(".live-pane canvas").first
    first = canvas.evaluate("e => e.toDataURL()")
    page.wait_for_function(
        "first => document.querySelector('.live-pane canvas').toDataURL() !== first", arg=first
    )


def test_a_camera_is_seen_by_the_ticked_models_and_a_still_is_compared(page: Any) -> None:
    page.get_by_role("button", name="Start the camera").click()
    seen(page, panes=2)
    page.wait_for_function("parseFloat(document.querySelector('[data-rate]').textContent) > 0")
    assert float(page.locator("[data-latency]").text_content()) > 0
    assert page.locator(".said").is_hidden()
    page.locator("[name=models]:not(:checked)").first.check()
    seen(page, panes=3)
    page.locator("[name=models]").first.uncheck()
    seen(page, panes=2)
    page.get_by_role("button", name="Compare this picture").click()
    page.wait_for_url("**/c/**")
    page.get_by_text("Masks: 2 of 2", exact=True).wait_for()
    assert page.locator("h1").text_content() == "camera.jpg"
    page.go_back()
    assert page.get_by_role("button", name="Start the camera").is_visible()


def test_a_video_file_is_seen_until_it_is_stopped(page: Any, tmp_path: Path) -> None:
    video = tmp_path / "square.webm"
    video.write_bytes(b64decode(page.evaluate(RECORD)))
    page.set_input_files("[data-video]", video)
    seen(page, panes=2)
    sides = page.locator(".live-pane canvas").first.evaluate("e => [e.width, e.height]")
    assert sides == [480, 368]  # of 320×240: multiples of 16
    page.get_by_role("button", name="Stop").click()
    assert page.locator(".figures").is_hidden()
    broken = tmp_path / "broken.webm"
    broken.write_bytes(bytes(np.arange(1000, dtype=np.uint8)))
    page.set_input_files("[data-video]", broken)
    page.get_by_text("The browser cannot play this file.").wait_for()


def test_a_closed_tab_leaves_nothing_and_nobody_is_in_the_way(
    page: Any, camera: Any, site: Stack
) -> None:
    page.get_by_role("button", name="Start the camera").click()
    seen(page, panes=2)
    # A comparison goes first, while frames are on their way.
    _, image = site.image_post()
    compared = site.wait_for(site.comparison_post(image["id"]))
    assert {prediction["state"] for prediction in compared["predictions"]} == {"DONE"}
    page.close()
    other = camera.new_context(base_url=site.url).new_page()
    other.goto("/live/")
    other.get_by_role("button", name="Start the camera").click()
    seen(other, panes=2)
    other.context.close()
    wait_until(lambda: not site.redis().keys("live:*"))


def test_a_picture_that_cannot_be_read_or_drawn_is_said_and_the_next_one_is_tried(
    page: Any,
) -> None:
    said = page.get_by_text("could not read or draw a picture")
    for member, broken in (
        ("HTMLCanvasElement.prototype.toBlob", "back => back(null)"),
        ("HTMLImageElement.prototype.decode", "() => Promise.reject(new Error())"),
    ):
        page.evaluate(f"() => {{ window.whole = {member}; {member} = {broken}; }}")
        if page.locator("[data-stop]").is_hidden():
            page.get_by_role("button", name="Start the camera").click()
        said.wait_for()
        page.evaluate(f"() => {{ {member} = window.whole; }}")
        said.wait_for(state="hidden")
        seen(page, panes=2)


def test_what_to_do_is_said(page: Any, camera: Any, site: Stack) -> None:
    for box in page.locator("[name=models]").all():
        box.uncheck()
    assert page.get_by_text("Choose at least one model.").is_visible()
    blind = camera.new_context(base_url=site.url, locale="en")
    blind.add_init_script("delete Navigator.prototype.mediaDevices")
    shut = blind.new_page()
    shut.goto("/live/")
    shut.get_by_role("button", name="Start the camera").click()
    assert shut.get_by_text("of localhost and of HTTPS only").is_visible()
    blind.close()

"""What the compare page costs with twelve models on an image of 1024×768, as one JSON object.

    python -m tests.browser.bench

Bytes moved and time to the first pane (the image with its mask over it; then with lines), the best
of three openings with nothing cached; and the main thread's work in each frame while one zooms and
pans. CPU time is what the work took; wall time also counts waiting for a processor, so that it says
more about a machine that has others to do.
"""

from __future__ import annotations

import bisect
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.chromium import CHROMIUM, FLAGS

WIDTH, HEIGHT, MODELS = 1024, 768, 12
WINDOW = {"width": 1600, "height": 1000}
OPENINGS = 3
CATEGORIES = ["toplevel", "cc", "__metadata"]
FIRST_PANE = """new MutationObserver(() => {
  if (!window.firstPane && document.querySelector("mask-layer[data-drawn]")) {
    window.firstPane = performance.now();
  }
}).observe(document, { subtree: true, attributes: true, childList: true });
document.addEventListener("load", ({ target }) => {
  if (target.matches?.("mask-layer img")) window.firstMask ??= performance.now();
}, true);"""


def opening(browser: Any, site: str, path: str) -> dict[str, float]:
    """Bytes and milliseconds of opening the page with an empty cache."""
    page = browser.new_page(base_url=site, viewport=WINDOW)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    moved: list[float] = []
    network.on("Network.loadingFinished", lambda event: moved.append(event["encodedDataLength"]))
    page.add_init_script(FIRST_PANE)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    mask, lines = page.evaluate("[window.firstMask, window.firstPane]")
    server = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd")
    page.close()
    return {
        "bytes": sum(moved),
        "first_pane_ms": mask,
        "first_pane_with_lines_ms": lines,
        "page_arrived_ms": server,
    }


def gestures(page: Any) -> None:
    """Zoom in, pan, zoom out."""
    box = page.locator(".stage").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    for _ in range(30):
        page.mouse.wheel(0, -30)
        page.wait_for_timeout(16)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(x + 2 * step - 60, y + step - 30)
        page.wait_for_timeout(16)
    page.mouse.up()
    for _ in range(20):
        page.mouse.wheel(0, 40)
        page.wait_for_timeout(16)
    page.wait_for_timeout(400)


def frames(browser: Any, site: str, path: str) -> dict[str, float]:
    """Milliseconds that the main thread worked in each frame."""
    page = browser.new_page(base_url=site, viewport=WINDOW)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    browser.start_tracing(page=page, categories=CATEGORIES)
    gestures(page)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()

    def thread(event: dict[str, Any]) -> tuple[int, int]:
        return event["pid"], event["tid"]

    tasks = [event for event in events if event["ph"] == "X"]
    begins = [event for event in tasks if event["name"] == "ProxyMain::BeginMainFrame"]
    threads = [thread(event) for event in begins]
    main = max(set(threads), key=threads.count)
    starts = sorted(event["ts"] for event in begins if thread(event) == main)
    work = {"cpu": [0.0] * (len(starts) + 1), "wall": [0.0] * (len(starts) + 1)}
    for event in tasks:
        if thread(event) == main and event["name"] == "ThreadControllerImpl::RunTask":
            frame = bisect.bisect(starts, event["ts"] + event.get("dur", 0))
            work["cpu"][frame] += event.get("tdur", 0) / 1000
            work["wall"][frame] += event.get("dur", 0) / 1000
    shares = {"p50": 0.5, "p95": 0.95}
    found = {"frames": len(starts)}
    for kind, times in work.items():
        ordered = sorted(times[1:])
        found |= {f"{kind}_{n}_ms": ordered[int(s * len(ordered))] for n, s in shares.items()}
    return found


def main() -> None:
    """Start a SegWeb of its own, measure, print."""
    from playwright.sync_api import sync_playwright

    from tests.stack import stack_up, tiny_checkpoint

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = stack_up(folder / "var", tiny_checkpoint(folder, "unet"), static=True)
        try:
            path = stack.python("-m", "tests.browser.drawn", *map(str, (WIDTH, HEIGHT, MODELS)))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                openings = [opening(browser, stack.url, path) for _ in range(OPENINGS)]
                best = min(openings, key=lambda found: found["first_pane_ms"])
                found = best | frames(browser, stack.url, path)
                browser.close()
        finally:
            stack.stop()
    found["load"] = os.getloadavg()[0]
    rounded = {name: round(value, 1) for name, value in found.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")


if __name__ == "__main__":
    main()

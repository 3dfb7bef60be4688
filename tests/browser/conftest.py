"""A running SegWeb with three models, and browsers that notice every fault of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.inference.pictures import encoded
from tests.stack import Stack, stack_up, tiny_checkpoint

ARCHITECTURES = ("fcn8s", "segnet", "unet")
PATIENCE = 120_000  # milliseconds: three masks on a machine that is busy


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """SegWeb with untrained FCN-8s, SegNet and U-Net, and an inference worker."""
    folder = tmp_path_factory.mktemp("browser")
    weights = [tiny_checkpoint(folder, architecture) for architecture in ARCHITECTURES]
    stack = stack_up(folder / "var", *weights, static=True, LEASE_SECONDS="45")
    stack.start("worker", "sweeper")
    yield stack
    stack.stop()


@pytest.fixture
def visit(site: Stack, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages of the site, each in a browser of its own; fails on any fault they report."""
    contexts, faults = [], []

    def open_page(path: str = "/", *, width: int = 1280, height: int = 800, **options: Any) -> Any:
        size = {"width": width, "height": height}
        options = {"locale": "en", "viewport": size, **options}
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.extend(_fault(said)))
        page.on("request", lambda request: faults.extend(_foreign(request.url, site.url)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def _fault(said: Any) -> list[str]:
    """What the console said, if it is a fault; a refused form is none."""
    fault = said.type in ("error", "warning") and "status of 422" not in said.text
    return [said.text] if fault else []


def _foreign(address: str, home: str) -> list[str]:
    """The address, if it leads to another host."""
    parts = urlsplit(address)
    own = parts.scheme in ("blob", "data") or parts.netloc == urlsplit(home).netloc
    return [] if own else [address]


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture file of 320×200 pixels with something to tell apart."""
    y, x = np.mgrid[:200, :320]
    pixels = np.stack([x * 255 // 320, y * 255 // 200, 255 * ((x // 40 + y // 40) % 2)], axis=-1)
    path = tmp_path_factory.mktemp("photo") / "street.png"
    path.write_bytes(encoded(Image.fromarray(pixels.astype(np.uint8))))
    return path

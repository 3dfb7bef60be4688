"""What every test may use: clean storage, real processes' environment, a Chromium."""

import gc
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.chromium import CHROMIUM, FLAGS

REAL = Path(__file__).parent / "real"

# Tests of OpenVINO ask for it: making a graph takes seconds, and most tests are not about masks.
os.environ["SEGWEB_RUNTIME"] = "torch"

# A suite started in a shell's background ignores SIGINT, and so would every process it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """What is loaded by the time that tests begin stays: no garbage is looked for in it."""
    # Django, torch and every test are a million objects; to go through them took a tenth of the
    # fast suite's time.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first; browser tests say so and skip where no Chromium exists."""
    # Else one process would be alone with them when the others have ended.
    items.sort(key=lambda item: (item.path.parent != REAL, item.path.name != "test_postgres.py"))
    if CHROMIUM:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, for playwright's `executable_path`."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    return CHROMIUM


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium: one a process, which runs one loop of playwright's only."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(autouse=True)
def _fresh_storage(settings: Settings, tmp_path: Path) -> None:
    """Files of one test are not another's, nor are throttle counts."""
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def process_env(tmp_path: Path, free_port: int) -> dict[str, str]:
    """The environment for a real SegWeb process with a var folder and a port of its own."""
    ours = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MAKELEVEL"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {
        "SEGWEB_VAR": str(tmp_path / "var"),
        "PORT": str(free_port),
        "LEASE_SECONDS": "4.5",
        "HEARTBEAT_SECONDS": "0.5",
        "SWEEP_SECONDS": "0.5",
    }

"""A Redis of the tests' own, and frames for it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from segweb.host import redis_server
from tests.inference.pictures import encoded, noise


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one that answers."""
    server = redis_server.find_server()
    if server is None:
        pytest.skip("no Redis on this machine")
    var = tmp_path_factory.mktemp("live")
    process = subprocess.Popen(redis_server.process(server, Path(var)).command)
    url = redis_server.recorded_url(var)
    assert redis_server.answers(url, seconds=20)
    yield url
    process.kill()
    process.wait(10)
    redis_server.remove_record(var)


@pytest.fixture
def redis(redis_url: str, settings: Settings) -> None:
    """The broker of a test, which begins empty."""
    settings.CELERY_BROKER_URL = redis_url
    redis_server.client(redis_url, seconds=1).flushall()


@pytest.fixture
def jpeg() -> bytes:
    """A frame as the page sends it."""
    return encoded(noise(480, 320), "JPEG")

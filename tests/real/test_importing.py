"""Imports of data sets by a real worker that is killed again and again, at random moments."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.real.training import TrainingStack, data_set_zip
from tests.stack import ENDED
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IMAGES = 120
KILLS = (0.2, 0.8, 1.5)  # within so many seconds of a beginning


def send(training: TrainingStack, content: bytes) -> str:
    """The address of an import that was accepted."""
    file = SimpleUploadedFile("data.zip", content)
    status, answer = training.send("datasets/", file=file)
    assert status == 202, answer
    return json.loads(answer)["url"]


def told(training: TrainingStack, address: str) -> dict[str, Any]:
    """What is said of an import; the database may be busy."""
    while True:
        status, answer, _ = training.stack.call(address, **training.headers)
        if status != 503:
            assert status == 200, answer
            return json.loads(answer)


def ended(training: TrainingStack, address: str) -> dict[str, Any]:
    """What is said of it at its end."""
    wait_until(lambda: told(training, address)["state"] in ENDED, seconds=120)
    return told(training, address)


def files(content: bytes) -> dict[str, bytes]:
    """What a zip holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingStack]:
    training = TrainingStack(tmp_path_factory.mktemp("importing"), MAX_ATTEMPTS="1000")
    training.stack.start("trainer", "sweeper")
    yield training
    training.stack.stop()


@pytest.mark.parametrize("seed", range(3))
def test_an_import_that_is_killed_again_and_again_is_there_whole_and_once(
    training: TrainingStack, seed: int
) -> None:
    dice, slug = random.Random(seed), f"killed{seed}"
    content = data_set_zip(slug, images=IMAGES + seed)  # of its own number: another data set
    address = send(training, content)
    for longest in KILLS:
        wait_until(lambda: told(training, address)["state"] != "QUEUED")
        time.sleep(dice.uniform(0, longest))
        training.again("trainer")
    found = ended(training, address)
    assert (found["state"], found["error"], found["dataset"]) == ("DONE", None, slug)
    # Tried again it is refused as what it is, and whatever a last moment left goes.
    assert "imported already" in ended(training, send(training, content))["error"]
    query = "SELECT folder FROM experiments_dataset WHERE folder != ''"
    folders = {Path(folder).name for folder in training.column(query)}
    alike = "SELECT slug FROM experiments_dataset WHERE slug LIKE ?"
    assert training.column(alike, f"{slug}%") == [slug]
    media = training.stack.var / "media"
    wait_until(lambda: not list((media / "imports").iterdir()))
    assert {path.name for path in (media / "datasets").iterdir()} == folders
    (kept,) = training.column("SELECT folder FROM experiments_dataset WHERE slug = ?", slug)
    assert {name: (media / kept / name).read_bytes() for name in files(content)} == files(content)
    assert training.orphans().strip() == ""

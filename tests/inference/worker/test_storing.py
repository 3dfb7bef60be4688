"""One prediction is stored while the next one computes, and what may happen meanwhile."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from pytest_django import Settings

from experiments.models import Checkpoint
from inference import tasks
from inference.compare import predicting, services
from inference.comparisons import comparison_create
from inference.models import Comparison, Image, Prediction
from inference.worker import order, storing
from segweb import jobs
from segweb.jobs import State, working
from segweb.jobs.storage import DISK_FULL
from tests.inference.conftest import FakeEngine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def comparison(image: Image, checkpoints: list[Checkpoint]) -> Comparison:
    """Three predictions that wait for a worker."""
    return comparison_create(image=image)


class Disk:
    """A storage that takes its time: a save waits for `go_on`, or fails with `fault`."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.fault: Exception | None = None
        self._save = default_storage.save

    def save(self, name: str, content: Any) -> str:
        """Stored once the test says so."""
        self.asked.set()
        assert self.go_on.wait(20)
        if self.fault:
            raise self.fault
        return self._save(name, content)


@pytest.fixture
def disk(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """The slow storage of a worker, which has stored everything when the test is over."""
    slow = Disk()
    monkeypatch.setattr(predicting.default_storage, "save", slow.save)
    yield slow
    slow.go_on.set()
    stored()


def deliver() -> None:
    """A wake-up arrives."""
    tasks.job_execute("")


def deliver_and_leave() -> None:
    """The same, in a thread that ends."""
    deliver()
    connection.close()


def stored() -> None:
    """Wait until the storing thread has nothing left to do, nor a connection to the database."""
    storing.aside(connection.close)
    storing.aside(lambda: None)


def states() -> list[str]:
    return sorted(Prediction.objects.values_list("state", flat=True))


def test_the_next_one_computes_while_one_is_stored(comparison: Comparison, disk: Disk) -> None:
    deliver()
    assert disk.asked.wait(20)
    # Computed, but DONE only when its files and its row are written.
    assert states() == ["QUEUED", "QUEUED", "RUNNING"]
    assert not Prediction.objects.exclude(mask="").exists()
    second = threading.Thread(target=deliver_and_leave)
    second.start()  # computes, then waits for the disk: no third result is in memory
    wait_until(lambda: states() == ["QUEUED", "RUNNING", "RUNNING"])
    disk.go_on.set()
    second.join(20)
    deliver()
    stored()
    assert states() == ["DONE"] * 3
    for prediction in comparison.predictions.all():
        assert [default_storage.exists(name) for name in prediction.files] == [True, True]
        assert prediction.attempt == 1
    comparison.refresh_from_db()
    assert len(comparison.agreement["pairs"]) == 3


def test_hearts_beat_until_it_is_stored(
    comparison: Comparison, disk: Disk, settings: Settings
) -> None:
    settings.HEARTBEAT_SECONDS = 0.02
    deliver()
    assert disk.asked.wait(20)
    first = Prediction.objects.get(state=State.RUNNING).heartbeat_at
    wait_until(lambda: Prediction.objects.get(state=State.RUNNING).heartbeat_at > first)


def test_a_full_disk_is_told_and_the_next_one_goes_on(comparison: Comparison, disk: Disk) -> None:
    disk.fault = OSError(errno.ENOSPC, "No space left on device")
    disk.go_on.set()
    deliver()
    stored()
    disk.fault = None
    deliver()
    stored()
    assert states() == ["DONE", "FAILED", "QUEUED"]
    assert Prediction.objects.get(state=State.FAILED).error == DISK_FULL


def test_deleted_while_it_is_stored(comparison: Comparison, disk: Disk, settings: Settings) -> None:
    deliver()
    assert disk.asked.wait(20)
    services.comparison_delete(comparison=comparison)
    disk.go_on.set()
    stored()
    left = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}


def test_a_lost_database_costs_one_job_only(
    comparison: Comparison, disk: Disk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease expires, so that it is done again; the thread goes on."""
    settings.LEASE_SECONDS = 0
    finish = jobs.job_finish
    faults = [OperationalError("the connection was cut")]

    def cut_off(**fields: Any) -> bool:
        if faults:
            raise faults.pop()
        return finish(**fields)

    monkeypatch.setattr(working, "job_finish", cut_off)
    disk.go_on.set()
    deliver()
    deliver()
    stored()
    assert states() == ["DONE", "QUEUED", "RUNNING"]


def test_what_comes_next_is_one_query(
    comparison: Comparison, fake_engine: FakeEngine, django_assert_num_queries: Any
) -> None:
    longest_waiting = comparison.predictions.order_by("queued_at").first()
    with django_assert_num_queries(1):
        assert order.next_job() == longest_waiting

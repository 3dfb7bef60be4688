"""What counts as getting on: events, use of the processor, waiting for one, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from experiments.worker import progress
from experiments.worker.progress import BUSY_FACTOR, LOOK_SECONDS, Progress
from models_zoo.training.record.events import EVENTS_NAME, EventLog, events_read


class Watched:
    """A trainer of two processes, and a clock that the test turns on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.seconds, self.state = 0.0, 5.0, psutil.STATUS_SLEEPING
        self.folder = folder
        monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(progress, "processes_of", lambda pid: [self, self])
        self.progress = Progress(folder, 1)

    def cpu_times(self) -> Any:
        return SimpleNamespace(user=self.seconds, system=0.0)

    def status(self) -> str:
        return self.state

    def watch(self, seconds: int, **each_second: Any) -> Progress:
        self.idle(seconds, **each_second)
        return self.progress

    def idle(self, seconds: int, **each_second: Any) -> float:
        for _ in range(seconds):
            self.now += 1
            self.seconds += each_second.get("used", 0.0)
            if each_second.get("told"):
                with (self.folder / "events.jsonl").open("a") as events:
                    events.write("{}\n")
            self.progress.look()
        return self.progress.idle


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    found = Watched(tmp_path, monkeypatch)
    found.idle(4)
    return found


def test_one_that_does_nothing_is_idle(watched: Watched) -> None:
    for status in (psutil.STATUS_SLEEPING, psutil.STATUS_STOPPED):
        before = watched.progress.idle
        watched.state = status
        assert watched.idle(60) == pytest.approx(before + 60, abs=LOOK_SECONDS)


def test_threads_that_only_wait_are_no_progress(watched: Watched) -> None:
    assert watched.idle(300, used=0.0001) > 250


@pytest.mark.parametrize("each_second", [{"used": 0.5}, {"used": 0.01}, {"told": True}], ids=str)
def test_events_and_use_of_the_processor_are(watched: Watched, each_second: dict) -> None:
    watched.idle(60)
    assert watched.idle(60, **each_second) <= 2 * LOOK_SECONDS


@pytest.mark.parametrize("status", [psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP])
def test_one_that_waits_for_the_machine_is_not_idle(watched: Watched, status: str) -> None:
    watched.state = status
    assert watched.idle(60) <= LOOK_SECONDS


def test_one_that_ended_is_no_standstill(watched: Watched) -> None:
    watched.idle(60)
    watched.seconds = 1.0  # what a process that has ended had used is gone from the sum
    assert watched.idle(2) <= LOOK_SECONDS


def test_only_what_was_watched_counts(watched: Watched) -> None:
    """As when worker and trainer were frozen together for an hour."""
    before = watched.progress.idle
    watched.now += 3600
    watched.progress.look()
    assert watched.progress.idle <= before + 2 * LOOK_SECONDS


@pytest.mark.parametrize("used", [0.6, 0.01], ids=["a loop", "one that looks now and then"])
def test_one_that_only_uses_the_processor_goes_in_circles(watched: Watched, used: float) -> None:
    assert not watched.watch(10 * BUSY_FACTOR - 6, used=used).hangs(10)
    assert watched.watch(12, used=used).hangs(10)
    assert not watched.watch(2, used=used, told=True).hangs(10)


def test_a_sign_of_life_is_no_event_but_enough(watched: Watched) -> None:
    events = EventLog(watched.folder)
    assert watched.watch(12 * BUSY_FACTOR, used=0.6).hangs(10)
    events.alive()
    assert watched.watch(2, used=0.6).silent <= LOOK_SECONDS
    assert list(events_read(watched.folder)) == []
    EventLog(watched.folder).write("start")
    assert (watched.folder / EVENTS_NAME).read_bytes().startswith(b"{")


def test_one_that_starves_goes_in_no_circles(watched: Watched) -> None:
    """Its step takes as long as others let it."""
    watched.state = psutil.STATUS_RUNNING
    assert watched.watch(100 * BUSY_FACTOR, used=0.1).silent <= 2 * LOOK_SECONDS
    assert watched.watch(12 * BUSY_FACTOR, used=0.6).hangs(10)

"""What counts as getting on: events, use of the processor, waiting for one, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from experiments.worker import progress
from experiments.worker.progress import LOOK_SECONDS, Progress


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

"""Whether a trainer still gets on: it tells so, or at least uses the processor."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil

from experiments.records.files import EVENTS

LOOK_SECONDS = 2.0  # a look goes through all processes of the host
# Threads that only wait wake up now and then; whoever trains, loads or saves uses far more, however
# busy the machine is with others.
IDLE_SHARE = 0.001
# Of a process that would go on if others let it: it is starved, not hung.
WAITING = (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
STARVED_SHARE = 0.5  # of a processor; whoever gets more is not
# Times the idle seconds that are borne: it tells at each step and each image that it gets on, and
# the slowest of these takes minutes. Whoever keeps a processor busy for longer goes in circles.
BUSY_FACTOR = 6


def processes_of(pid: int) -> list[psutil.Process]:
    """A process and everything that it started. psutil.Error when it is gone."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def processor_seconds(processes: list[psutil.Process]) -> float:
    """What processes have used of all processors; one that is just ending counts for nothing."""
    seconds = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


class Progress:
    """Follows a trainer: for how many seconds it has told nothing.

    `idle` are those in which it used nothing either, `silent` all but those in which the machine
    kept it waiting.
    """

    def __init__(self, folder: Path, pid: int) -> None:
        self._events, self._pid = folder / EVENTS, pid
        self._looked = time.monotonic()
        self._last, self._seconds, self._seconds_before = self._told(), 0.0, 0.0
        self.idle = self.silent = 0.0

    def hangs(self, seconds: float) -> bool:
        """Whether it stands still, or goes in circles, by the idle seconds that are borne."""
        return self.idle > seconds or self.silent > BUSY_FACTOR * seconds

    def look(self) -> None:
        """Look again, if it is time to."""
        passed = time.monotonic() - self._looked
        if passed < LOOK_SECONDS:
            return
        self._looked += passed
        # No more than was watched: the worker itself may have been stopped for a while.
        watched = min(passed, 2 * LOOK_SECONDS)
        self.idle += watched
        self.silent += watched
        if (told := self._told()) != self._last:
            self._last, self.idle, self.silent = told, 0.0, 0.0
        with suppress(psutil.Error):  # it is just ending
            processes = processes_of(self._pid)
            seconds = processor_seconds(processes)
            # One that has ended took its seconds out of the sum: that is a change, too.
            used = abs(seconds - self._seconds)
            used_now = abs(seconds - self._seconds_before)
            self._seconds_before = seconds
            waits = _wait_for_machine(processes)
            if waits and used_now < STARVED_SHARE * watched:
                self.silent = max(0.0, self.silent - watched)
            if waits or used > IDLE_SHARE * self.idle:
                self._seconds, self.idle = seconds, 0.0

    def _told(self) -> tuple[int, int]:
        """Size and time of its events: between them it sets the time alone."""
        if not self._events.exists():
            return 0, 0
        state = self._events.stat()
        return state.st_size, state.st_mtime_ns


def _wait_for_machine(processes: list[psutil.Process]) -> bool:
    """Whether any of them waits for a processor or a disk."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() in WAITING:
                return True
    return False

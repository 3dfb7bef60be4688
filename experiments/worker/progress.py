"""Whether a trainer still gets on: it tells events, or uses the processor."""

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
    """Follows a trainer; `idle` are the seconds in which it told no event and used nothing.

    Events alone would not do: the audit of large data tells none for long, nor does a validation.
    """

    def __init__(self, folder: Path, pid: int) -> None:
        self._events, self._pid = folder / EVENTS, pid
        self._looked = time.monotonic()
        self._size, self._seconds = self._told(), 0.0
        self.idle = 0.0

    def look(self) -> None:
        """Look again, if it is time to."""
        passed = time.monotonic() - self._looked
        if passed < LOOK_SECONDS:
            return
        self._looked += passed
        # No more than was watched: the worker itself may have been stopped for a while.
        self.idle += min(passed, 2 * LOOK_SECONDS)
        if (size := self._told()) != self._size:
            self._size, self.idle = size, 0.0
        with suppress(psutil.Error):  # it is just ending
            processes = processes_of(self._pid)
            seconds = processor_seconds(processes)
            # One that has ended took its seconds out of the sum: that is a change, too.
            used = abs(seconds - self._seconds)
            if used > IDLE_SHARE * self.idle or _wait_for_machine(processes):
                self._seconds, self.idle = seconds, 0.0

    def _told(self) -> int:
        return self._events.stat().st_size if self._events.exists() else 0


def _wait_for_machine(processes: list[psutil.Process]) -> bool:
    """Whether any of them waits for a processor or a disk."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() in WAITING:
                return True
    return False

"""What tests with real processes share: waiting, and telling whether a process is gone."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Fail unless it holds within the time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    """Whether it has ended; a zombie has, however long its parent takes to notice."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def asked_to_end(process: psutil.Process) -> bool:
    """Whether a SIGTERM waits for a process that is suspended."""
    return _sigterm_in("ShdPnd", process.pid)


def heeds_sigterm(pid: int) -> bool:
    """Whether the process has a handler of its own by now."""
    return _sigterm_in("SigCgt", pid)


def _sigterm_in(signals: str, pid: int) -> bool:
    """Whether SIGTERM is in a set of signals that the kernel tells of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    (found,) = (line.split()[1] for line in status.splitlines() if line.startswith(signals))
    return bool(int(found, 16) >> (signal.SIGTERM - 1) & 1)

"""What tests with real processes share: waiting, and telling whether a process is gone."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
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
    status = Path(f"/proc/{process.pid}/status").read_text()
    (pending,) = (line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd"))
    return bool(int(pending, 16) >> (signal.SIGTERM - 1) & 1)

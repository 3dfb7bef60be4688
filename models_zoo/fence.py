"""A fence around what comes from elsewhere: a process of little memory that writes no file.

Called by a process of its own, before it reads what it was given; whoever started it keeps the
time. Torch-free.
"""

from __future__ import annotations

import ctypes
import signal
import sys

MOST_VALUES = 1 << 28  # of one answer, 1 GiB as float32; class ids count as logits
_PR_SET_PDEATHSIG = 1  # prctl.h


class Misbehaved(ValueError):
    """What comes from elsewhere did what cannot be borne; the message says what, to its user."""


def fence(memory_bytes: int) -> None:
    """Bounds this process for good: `memory_bytes` more than it has now, and no files written.

    Where a system knows no such bounds (Windows, and memory on macOS) there are none.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm") as told:  # noqa: PTH123  # pathlib would be one import more
            mapped = int(told.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes,) * 2)


def die_with_parent() -> None:
    """Has this process killed when the one that started it ends, where Linux is below."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

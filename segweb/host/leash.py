"""Runs a command that must not outlive whoever started it: `leash.py PARENT_PID COMMAND…`.

Where the kernel can (Linux), the command is sent SIGTERM when its parent is gone, be it by kill -9,
so that it may save and end; and its whole session yields the processor to what people wait for.
Elsewhere it is run as it is. A plain script: it becomes the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NICENESS = "10"


def leash(parent: int, command: list[str]) -> None:
    """Become `command`, bound to the process `parent`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the kernel was told
            sys.exit(1)
        # At nice 19 alone a trainer took 107 % beside tests at nice 0, which got 53 % each.
        with suppress(OSError):  # `nice` ranks a session's own processes only, where this file is
            Path("/proc/self/autogroup").write_text(_NICENESS)
    os.execv(command[0], command)  # noqa: S606  (a list of words, as everywhere here)


if __name__ == "__main__":
    leash(int(sys.argv[1]), sys.argv[2:])

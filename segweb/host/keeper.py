"""The keeper: outlives its supervisor by moments, and takes with it whatever that one started.

Started as a plain script by segweb.host.supervisor, in a session of its own. It reads the pids of
the supervisor's children from its standard input, one a line. The end of that input means that the
supervisor is gone, be it by kill -9; the keeper then kills these children, their descendants, and
every process that carries the supervisor's token in its environment, wherever it has got to.
Nothing here depends on Linux, but only Linux has been tried.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import psutil

TOKEN_VARIABLE = "SEGWEB_SUPERVISOR"  # noqa: S105  (a mark, not a secret)


def keep(token: str) -> None:
    """Wait for the supervisor's end, then leave nothing behind."""
    # It ends by the end of its input only: whatever is signalled, it tidies up first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Pids besides the token: Redis overwrites its environment with its title.
    children = []
    for line in sys.stdin:
        try:
            children.append(psutil.Process(int(line)))  # knows its start: pids get used again
        except psutil.NoSuchProcess:
            continue
    while left := set(_left(token, children)):
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=1)


def _left(token: str, children: list[psutil.Process]) -> Iterator[psutil.Process]:
    """Whatever still runs: by descent, or by the token where the parent is already gone."""
    for child in children:
        if _runs(child):
            yield from (child, *child.children(recursive=True))
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(TOKEN_VARIABLE) == token
        except (psutil.Error, OSError):
            continue
        if marked and process.pid != os.getpid() and _runs(process):
            yield process


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    keep(sys.argv[1])

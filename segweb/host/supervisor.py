"""A small supervisor: starts processes, prefixes their output, restarts them, ends them all.

Each child leads a session of its own, so that Ctrl-C reaches the supervisor alone, which then ends
its children in order: TERM, a few seconds, KILL. A keeper process (segweb.host.keeper) sees to it
that nothing is left, not even after kill -9 of the supervisor.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import IO

from segweb.host.keeper import TOKEN_VARIABLE

KEEPER = Path(__file__).with_name("keeper.py")
STOP_SECONDS = 5.0
STEADY_SECONDS = 10.0  # a child that ran this long starts with the shortest pause again
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart
ENDED_BY_OTHERS = (0, -signal.SIGTERM, -signal.SIGKILL)
COLOURS = cycle(f"\x1b[3{number}m" for number in (6, 2, 5, 4, 3))


@dataclass(frozen=True)
class Process:
    """What to run. `command` starts with a program; `last` ends after the others.

    `mend` is called before it is started again when it had failed soon after its start.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    last: bool = False
    mend: Callable[[], None] | None = None


class Supervisor:
    """Starts processes and keeps them running until `stop`; of one thread."""

    def __init__(self, *, environment: Mapping[str, str], keep_open: Iterable[int] = ()) -> None:
        """`keep_open`: file descriptors that stay open until nothing is left (a lock's)."""
        self.token = secrets.token_hex(16)
        self._environment = {**os.environ, **environment, TOKEN_VARIABLE: self.token}
        self._keep_open = tuple(keep_open)
        self._children: list[_Child] = []
        self._keeper = self._start_keeper()

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, process: Process) -> None:
        """Start a process, and from now on restart it whenever it ends."""
        child = _Child(process, {**self._environment, **process.environment})
        self._children.append(child)
        self._announce(child.start())

    def watch(self, *, until: Callable[[], bool]) -> None:
        """Restart what ends, until the given question is answered with yes."""
        while not until():
            if self._keeper.poll() is not None:
                self._keeper = self._start_keeper()
                for child in self._children:
                    self._announce(child.popen.pid)
            for child in self._children:
                if child.due():
                    self._announce(child.start())
            time.sleep(0.1)

    def stop(self) -> None:
        """End every child and whatever they started."""
        for last in (False, True):
            wave = [child for child in self._children if child.process.last is last]
            for child in wave:
                child.terminate()
            # All of a wave are asked before one is waited for: they share these seconds.
            deadline = time.monotonic() + STOP_SECONDS
            for child in wave:
                child.end(deadline)
        if self._keeper.stdin:
            self._keeper.stdin.close()
        self._keeper.wait()

    def _start_keeper(self) -> subprocess.Popen[str]:
        # A process, not the kernel's parent-death signal: that one reaches children only, and no
        # grandchild in a session of its own.
        command = [sys.executable, "-I", str(KEEPER), self.token]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=self._keep_open,
        )

    def _announce(self, pid: int) -> None:
        with suppress(BrokenPipeError):  # a dead keeper's successor is told everything
            print(pid, file=self._keeper.stdin, flush=True)


class _Child:
    """One supervised process through all its restarts."""

    def __init__(self, process: Process, environment: dict[str, str]) -> None:
        self.process = process
        self.popen: subprocess.Popen[str]
        self._environment = environment
        self._prefix = prefix(process.name, next(COLOURS))
        self._pause = 0.0
        self._started = 0.0
        self._restart_at: float | None = None

    def start(self) -> int:
        """Start (again); the new pid."""
        self._started, self._restart_at = time.monotonic(), None
        self.popen = subprocess.Popen(
            self.process.command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        # A thread for each: a pipe that nobody empties stops whoever writes into it.
        relay = threading.Thread(target=self._relay, args=[self.popen.stdout], daemon=True)
        relay.start()
        return self.popen.pid

    def due(self) -> bool:
        """Whether it has ended and its pause is over."""
        if self.popen.poll() is None:
            return False
        now = time.monotonic()
        if self._restart_at is None:
            self._signal_group(signal.SIGKILL)  # what it started may hold its port
            steady = now - self._started > STEADY_SECONDS
            longer = max(SHORTEST_PAUSE, min(2 * self._pause, LONGEST_PAUSE))
            self._pause = SHORTEST_PAUSE if steady else longer
            self._restart_at = now + self._pause
            say(f"ended with {self.popen.returncode}; again in {self._pause:g} s", self._prefix)
            # Ended from outside, it has nothing to mend.
            if self.process.mend and not steady and self.popen.returncode not in ENDED_BY_OTHERS:
                self.process.mend()
        return now >= self._restart_at

    def terminate(self) -> None:
        """Ask it and its process group to end."""
        self._signal_group(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until the deadline (monotonic seconds), then kill the group."""
        try:
            self.popen.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGKILL)
            self.popen.wait()

    def _signal_group(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a zombie's group
            os.killpg(self.popen.pid, number)

    def _relay(self, output: IO[str]) -> None:
        for line in output:
            say(line.rstrip("\n"), self._prefix)


def prefix(name: str, colour: str) -> str:
    """The beginning of a process's lines, coloured where a person reads them."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return f"{name:<16} | "
    return f"{colour}{name:<16} |\x1b[0m "


def say(line: str, start: str = "") -> None:
    """Print a line as one write, so that lines of several processes do not mix."""
    with suppress(BrokenPipeError, ValueError):  # when nobody reads any more, work goes on
        sys.stdout.write(f"{start}{line}\n")
        sys.stdout.flush()

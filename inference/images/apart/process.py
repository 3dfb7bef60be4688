"""Work in a process of its own, with a budget of time and memory, which dies with what it took.

For what strangers' files may cost: a decoder cannot be stopped within a thread, and what it once
took stays with the process.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Answer = TypeVar("Answer")

PLACES = 2  # at one time, in each process that asks
PATIENCE = 20.0  # seconds until a place is free
CPU_SECONDS, MEMORY_BYTES = 20, 2 * 2**30

# Forked from a process that has one thread and the libraries: 10 ms, where a new one takes 300.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["__main__", "inference.images.apart.decoding", "inference.images.votes", "PIL.PngImagePlugin"]
)
_places = threading.BoundedSemaphore(PLACES)


class OverBudget(ValidationError):
    """The work took more time or memory than it may."""

    status = 413


class Occupied(ValidationError):
    """Others' work took all places for a long time."""

    status = 503


def apart(work: Callable[..., Answer], *args: Any) -> Answer:
    """What `work(*args)` gives, or raises, in a process of its own; both must be picklable.

    `work` is found by its module's name there, where Django is not set up. OverBudget when it took
    too much, Occupied when no place came free.
    """
    if not _places.acquire(timeout=PATIENCE):
        raise Occupied(_("Many images are being read. Try again in a minute."))
    try:
        fault, answer = _carried_out(work, args)
    finally:
        _places.release()
    if isinstance(fault, MemoryError):
        raise OverBudget(_("This image takes too much time or memory."))
    if fault is not None:
        raise fault
    return answer


def _carried_out(work: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Exception | None, Any]:
    """What went wrong, and the answer; MemoryError for a process that was ended."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(
        target=_carry_out, args=(sender, CPU_SECONDS, MEMORY_BYTES, work, args), daemon=True
    )
    process.start()
    sender.close()  # the child's end alone stays open: when it dies, waiting ends
    try:
        # Of time on the clock it has more: others compute too.
        if receiver.poll(6 * CPU_SECONDS):
            with suppress(EOFError):
                fault, answer = receiver.recv()
                return fault, answer
        return MemoryError(), None
    finally:
        receiver.close()
        process.kill()
        process.join()


def _carry_out(
    sender: Connection,
    cpu_seconds: int,
    memory_bytes: int,
    work: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    # Ended by the kernel, whatever a decoder is busy with; the hard limit is for who ignores it.
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    try:
        sender.send((None, work(*args)))
    except MemoryError:
        sender.send((MemoryError(), None))
    except Exception as fault:
        sender.send((fault, None))

"""The inference worker's second thread: it stores one job's results while the next one computes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

from django.db import close_old_connections

logger = logging.getLogger(__name__)

# The interpreter waits for it at its end, so that a worker that is told to end stores what it has.
_thread = ThreadPoolExecutor(1, thread_name_prefix="storing")
# One result is stored while the next is computed: no more are in memory, however slow the disk.
_free = Semaphore()


def aside(rest: Callable[[], None]) -> None:
    """Run `rest` in the storing thread; waits while that is at the one before."""
    _free.acquire()
    try:
        _thread.submit(_run, rest)
    except BaseException:  # the interpreter ends
        _free.release()
        raise


def _run(rest: Callable[[], None]) -> None:
    try:
        rest()
    except Exception:
        # What was not stored is done again: the lease of its job expires.
        logger.exception("A result could not be stored.")
    finally:
        try:
            close_old_connections()  # as Celery does after each task, in its own thread
        finally:
            _free.release()

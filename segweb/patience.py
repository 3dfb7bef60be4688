"""How long a process waits for PostgreSQL: requests answer 503 then, workers try again."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any
from weakref import WeakSet

from django.db import OperationalError
from django.db.backends.signals import connection_created

REQUEST_SECONDS = 3.0  # then 503: no request hangs for longer than five
WORKER_SECONDS = 10.0  # a lease sees several tries

_opened: WeakSet[Any] = WeakSet()  # Django's connections, one of each thread
_opening = threading.Lock()


def statements_bound(*, seconds: float) -> None:
    """Every statement of this process on PostgreSQL has so long, from now on.

    By this side's clock: a server that is frozen, or behind a network that is gone, keeps no time.
    OperationalError ends the one that has waited for longer, and its connection. The other threads'
    connections are closed before their next request or task, which would wait in vain as well.
    """

    def bound(connection: Any, **_: Any) -> None:
        if connection.vendor == "postgresql":
            raw = connection.connection
            raw.wait = partial(_wait, raw, raw.wait, seconds)
            with _opening:
                _opened.add(connection)

    # Django keeps no other hold of the function.
    connection_created.connect(bound, weak=False, dispatch_uid="statements_bound")


def _wait(raw: Any, wait: Any, seconds: float, work: Any, *args: Any, **named: Any) -> Any:
    from psycopg import errors

    try:
        return wait(work, *args, **{"timeout": seconds, **named})
    except errors._WaitTimeout as fault:
        raw.pgconn.finish()  # what it would answer now would be the answer to something else
        with _opening:
            for connection in _opened:
                connection.close_at = 0  # by Django's own rule for those that are kept for too long
        # Django's own error: psycopg's would tell the check of a kept connection to connect anew,
        # and the request would wait twice.
        raise OperationalError(f"PostgreSQL did not answer for {seconds:g} s.") from fault

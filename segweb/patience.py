"""How long a process waits for PostgreSQL: requests answer 503 then, workers try again."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import OperationalError
from django.db.backends.signals import connection_created

REQUEST_SECONDS = 3.0  # then 503: no request hangs for longer than five
WORKER_SECONDS = 10.0  # a lease sees several tries


def statements_bound(*, seconds: float) -> None:
    """Every statement of this process on PostgreSQL has so long, from now on.

    By this side's clock: a server that is frozen, or behind a network that is gone, keeps no time.
    OperationalError ends the one that has waited for longer, and its connection.
    """

    def bound(connection: Any, **_: Any) -> None:
        if connection.vendor == "postgresql":
            raw = connection.connection
            raw.wait = partial(_wait, raw, raw.wait, seconds)

    # Django keeps no other hold of the function.
    connection_created.connect(bound, weak=False, dispatch_uid="statements_bound")


def _wait(raw: Any, wait: Any, seconds: float, work: Any, *args: Any, **named: Any) -> Any:
    from psycopg import errors

    try:
        return wait(work, *args, **{"timeout": seconds, **named})
    except errors._WaitTimeout as fault:
        raw.pgconn.finish()  # what it would answer now would be the answer to something else
        # Django's own error: psycopg's would tell the check of a kept connection to connect anew,
        # and the request would wait twice.
        raise OperationalError(f"PostgreSQL did not answer for {seconds:g} s.") from fault

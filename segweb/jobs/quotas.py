"""How much each role may keep and have waiting: the limits, and counting in turn."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from segweb.jobs.rows import Job, State

What = Literal["images", "bytes", "jobs"]
QUOTA_REACHED = "urn:segweb:problem:quota-reached"  # the type of the problem, by REST


class QueueFull(ValidationError):
    """Too much waits already; `message` says whose and what to do."""

    status, retry_after = 429, 30  # seconds: some have to be done first


def limit_of(owner: Any, what: What) -> int:
    """What an account may have; that of each visitor where `owner` is None."""
    role = "visitor" if owner is None else "staff" if owner.is_staff else "account"
    return int(settings.QUOTAS[role, what])


def take_turns(name: str) -> None:
    """Whoever comes by the same name waits here until the transaction of who came first has ended.

    What was counted after this call is still so when the transaction is committed.
    """
    # SQLite's transactions hold the one lock for writing from their beginning.
    if connection.vendor == "postgresql":
        key = hashlib.sha256(name.encode()).digest()[:8]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(key, "big", signed=True)]
            )


def queue_require(kinds: tuple[type[Job], ...], *, owner: Any, more: int = 1) -> None:
    """QueueFull where an account has too many jobs of these kinds waiting, `more` included.

    Within the transaction that queues them.
    """
    if owner is None:
        return
    take_turns(f"jobs {owner.pk}")
    limit = limit_of(owner, "jobs")
    queued: dict[str, Any] = {"owner": owner, "state": State.QUEUED}
    waiting = sum(kind._default_manager.filter(**queued).count() for kind in kinds)
    if waiting + more > limit:
        text = _(
            "At most %(limit)s of your jobs may wait at one time. Wait for some, or stop some."
        )
        raise QueueFull(text % {"limit": limit})

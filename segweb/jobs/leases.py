"""Leases: claiming a job, keeping the claim alive, and ending it while it is still ours."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from segweb.jobs.rows import Job, State

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DATABASE_AWAY = (OperationalError, InterfaceError)  # locked, restarting, or cut off

LOST_ERROR = gettext_noop("The worker stopped several times while it worked on this.")


@dataclass(frozen=True)
class Lease:
    """The right to work on one job, valid while the job's token is this one."""

    model: type[Job]
    pk: Any
    token: int

    @property
    def rows(self) -> models.QuerySet[Job]:
        """The leased row, or none when the lease was taken back or the job deleted."""
        return self.model._default_manager.filter(
            pk=self.pk, state=State.RUNNING, lease_token=self.token
        )


def job_claim(*, model: type[Job], pk: Any, owner: str, token: int | None = None) -> Lease | None:
    """Claim a QUEUED job by one conditional UPDATE; None when it is not there to be claimed.

    `token` is the row's `lease_token`, which is looked up where the caller has not read it.
    """
    queued = model._default_manager.filter(pk=pk, state=State.QUEUED)
    if token is None:
        token = queued.values_list("lease_token", flat=True).first()
    if token is None:
        return None
    # Of two workers that read the same row, one finds state or token changed and gets nothing.
    claimed = queued.filter(lease_token=token).update(
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        lease_token=token + 1,
        lease_owner=owner,
        # The database's clock: hosts need not agree on the time.
        heartbeat_at=Now(),
        started_at=Now(),
    )
    return Lease(model, pk, token + 1) if claimed else None


def job_heartbeat(*, lease: Lease) -> bool:
    """Extend the lease; False when it is no longer ours."""
    return bool(lease.rows.update(heartbeat_at=Now()))


def job_update(*, lease: Lease, **fields: Any) -> bool:
    """Change fields of the job while it is worked on; False (and no change) without the lease."""
    return bool(lease.rows.update(**fields))


def job_finish(*, lease: Lease, state: State, **fields: Any) -> bool:
    """End the job with its results in one UPDATE; False (and no change) without the lease."""
    return bool(lease.rows.update(state=state, ended_at=Now(), **fields))


def job_return(*, lease: Lease, tried: bool, lost: str = LOST_ERROR) -> bool:
    """Give a job back, to be claimed again; LOST when it was tried and no attempt is left.

    `tried` says whether this attempt counts: it does not when its worker was told to end. `lost` is
    the sentence for a job without an attempt left.
    """
    if tried and job_lose(rows=lease.rows, error=lost):
        return True
    attempt = F("attempt") if tried else F("attempt") - 1
    # Without `woken_at`, the sweeper sends its wake-up before all that were woken already.
    back = {"state": State.QUEUED, "lease_owner": "", "woken_at": None, "attempt": attempt}
    return bool(lease.rows.update(**back))


def exhausted(rows: models.QuerySet[Job]) -> models.QuerySet[Job]:
    """Those of the jobs that have no attempt left."""
    return rows.filter(attempt__gte=settings.MAX_ATTEMPTS)


def job_lose(*, rows: models.QuerySet[Job], error: str = LOST_ERROR) -> int:
    """End those of the jobs that have no attempt left as LOST; how many there were."""
    return exhausted(rows).update(state=State.LOST, ended_at=Now(), error=error)


@contextmanager
def job_heartbeats(*, lease: Lease) -> Iterator[None]:
    """Beat from a thread (with a database connection of its own) while the block runs."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(settings.HEARTBEAT_SECONDS):
            try:
                if not job_heartbeat(lease=lease):
                    break
            except DATABASE_AWAY:
                # Cut off, a connection stays so: the next beat opens another one.
                connection.close()
                logger.warning("No heartbeat for %s: the database is busy or away.", lease)
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat {lease.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def patiently(write: Callable[[], Result]) -> Result:
    """Run a small write again while the database is locked or away, for a lease's length.

    Gives what `write` gives; after that time its fault (one of DATABASE_AWAY) is raised.
    """
    deadline = time.monotonic() + settings.LEASE_SECONDS
    while True:
        try:
            return write()
        except DATABASE_AWAY:
            # By then the lease has expired, and the job is someone else's to do.
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)

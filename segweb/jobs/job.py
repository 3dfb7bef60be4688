"""Jobs whose truth is a database row: states, leases, fencing and the sweeper's pass.

    QUEUED ──job_claim──▶ RUNNING ──job_finish──▶ DONE | FAILED | STOPPED
       ▲                     │
       ├──── job_return ─────┤  the worker is told to end, or lost what it had started
       └──── lease expired ──┤  attempts are left: someone else claims it
                             └──── lease expired or returned, no attempt left ──▶ LOST

A claim is a lease: its owner beats at least every HEARTBEAT_SECONDS, and `sweep_once` takes the
job back when no beat came for LEASE_SECONDS. Each claim raises `lease_token` (the fencing token),
and only the holder of the current token can beat or finish, so that a worker that was thought
dead and comes back changes nothing. Lease times are compared by the database's clock.

Celery messages carry an id and are only wake-ups (`segweb.jobs.wakeups`): one that arrives twice
finds the row claimed, one that got lost is sent again by the sweeper.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from segweb.jobs import wakeups

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DATABASE_AWAY = (OperationalError, InterfaceError)  # locked, restarting, or cut off

LOST_ERROR = gettext_noop("The worker stopped several times while it worked on this.")


class State(models.TextChoices):
    """Where a job stands; the transitions are in this module's docstring."""

    QUEUED = "QUEUED", _("queued")
    RUNNING = "RUNNING", _("running")
    DONE = "DONE", _("done")
    FAILED = "FAILED", _("failed")
    STOPPED = "STOPPED", _("stopped")
    LOST = "LOST", _("lost")


ENDED = (State.DONE, State.FAILED, State.STOPPED, State.LOST)


class Job(models.Model):
    """A row that a worker claims, works on and finishes. Only the functions below change it.

    A concrete class names the Celery task that executes it, and the task's queue. `error` is an
    English sentence for the user that templates translate.
    """

    task_name: ClassVar[str]
    queue: ClassVar[str]

    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True, help_text="host:pid:device")
    lease_token = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    woken_at = models.DateTimeField(null=True, blank=True, help_text="last wake-up by the sweeper")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["state", "queued_at"], name="%(class)s_by_state")]

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED


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


def job_claim(*, model: type[Job], pk: Any, owner: str) -> Lease | None:
    """Claim a QUEUED job by one conditional UPDATE; None when it is not there to be claimed."""
    queued = model._default_manager.filter(pk=pk, state=State.QUEUED)
    token = queued.values_list("lease_token", flat=True).first()
    if token is None:
        return None
    claimed = queued.filter(lease_token=token).update(
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        lease_token=token + 1,
        lease_owner=owner,
        heartbeat_at=Now(),
        started_at=Now(),
    )
    return Lease(model, pk, token + 1) if claimed else None


def job_heartbeat(*, lease: Lease) -> bool:
    """Extend the lease; False when it is no longer ours."""
    return bool(lease.rows.update(heartbeat_at=Now()))


def job_finish(*, lease: Lease, state: State, **fields: Any) -> bool:
    """End the job with its results in one UPDATE; False (and no change) without the lease."""
    return bool(lease.rows.update(state=state, ended_at=Now(), **fields))


def job_return(*, lease: Lease, tried: bool) -> bool:
    """Give a job back, to be claimed again; LOST when it was tried and no attempt is left.

    `tried` says whether this attempt counts: it does not when its worker was told to end.
    """
    if tried and job_lose(rows=lease.rows):
        return True
    attempt = F("attempt") if tried else F("attempt") - 1
    back = {"state": State.QUEUED, "lease_owner": "", "woken_at": None, "attempt": attempt}
    return bool(lease.rows.update(**back))


def job_lose(*, rows: models.QuerySet[Job]) -> int:
    """End those of the jobs that have no attempt left as LOST; how many there were."""
    exhausted = rows.filter(attempt__gte=settings.MAX_ATTEMPTS)
    return exhausted.update(state=State.LOST, ended_at=Now(), error=LOST_ERROR)


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
    """Run a small write again while the database is locked or away, for a lease's length."""
    deadline = time.monotonic() + settings.LEASE_SECONDS
    while True:
        try:
            return write()
        except DATABASE_AWAY:
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)


@dataclass(frozen=True)
class Swept:
    """What one pass of the sweeper did, in jobs."""

    requeued: int = 0
    lost: int = 0
    woken: int = 0


def job_models() -> list[type[Job]]:
    """Every concrete job class of the installed apps."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def sweep_once() -> Swept:
    """Take back expired leases and resend lost wake-ups. Harmless in several copies at once."""
    requeued = lost = woken = 0
    for model in job_models():
        expired = model._default_manager.filter(
            state=State.RUNNING,
            heartbeat_at__lt=Now() - timedelta(seconds=settings.LEASE_SECONDS),
        )
        lost += job_lose(rows=expired)
        requeued += expired.update(state=State.QUEUED, lease_owner="", woken_at=None)
        woken += _wake(model)
    return Swept(requeued, lost, woken)


def _wake(model: type[Job]) -> int:
    """Top the queue up to one message per QUEUED row that has waited longer than a pass."""
    waiting = model._default_manager.filter(
        state=State.QUEUED, queued_at__lt=Now() - timedelta(seconds=settings.SWEEP_SECONDS)
    )
    missing = waiting.count() - wakeups.queue_length(model.queue)
    if missing <= 0:
        return 0
    longest_first = waiting.order_by(F("woken_at").asc(nulls_first=True), "queued_at")
    sent = []
    for pk in longest_first.values_list("pk", flat=True)[:missing]:
        if not wakeups.send(model, pk):
            break
        sent.append(pk)
    waiting.filter(pk__in=sent).update(woken_at=Now())
    return len(sent)

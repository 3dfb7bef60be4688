"""The sweeper's pass: expired leases are taken back, wake-ups that got lost are sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from segweb.jobs import wakeups
from segweb.jobs.leases import exhausted, job_lose
from segweb.jobs.rows import Job, State, job_models
from segweb.jobs.working import follow_up


@dataclass(frozen=True)
class Swept:
    """What one pass of the sweeper did, in jobs."""

    requeued: int = 0
    lost: int = 0
    woken: int = 0


def sweep_once() -> Swept:
    """Take back expired leases and resend lost wake-ups. Harmless in several copies at once."""
    requeued = lost = woken = 0
    for model in job_models():
        expired = model._default_manager.filter(
            state=State.RUNNING,
            heartbeat_at__lt=Now() - timedelta(seconds=settings.LEASE_SECONDS),
        )
        losing = list(exhausted(expired).values_list("pk", flat=True))
        # First those without an attempt left: queued again, what kills its workers would never end.
        lost += job_lose(rows=expired)
        for job in model._default_manager.filter(pk__in=losing, state=State.LOST):
            follow_up(job)
        requeued += expired.update(state=State.QUEUED, lease_owner="", woken_at=None)
        woken += _wake(model)
    return Swept(requeued, lost, woken)


def _wake(model: type[Job]) -> int:
    """Top the queue up to a message for each QUEUED row that has waited longer than a pass.

    Up to the kind's `wakeups_most`: the others' turn comes with the next pass.
    """
    # Younger ones were woken a moment ago, by whoever queued them.
    waiting = model._default_manager.filter(
        state=State.QUEUED, queued_at__lt=Now() - timedelta(seconds=settings.SWEEP_SECONDS)
    )
    # One for each at every pass would pile up 720 messages a job in an hour of waiting.
    missing = min(waiting.count(), model.wakeups_most) - wakeups.queue_length(model.queue)
    if missing <= 0:
        return 0
    longest_first = waiting.order_by(F("woken_at").asc(nulls_first=True), "queued_at")
    sent = []
    for pk in longest_first.values_list("pk", flat=True)[:missing]:
        if not wakeups.send(model, pk):
            # The broker is away, and for 10 s nothing more is tried.
            break
        sent.append(pk)
    waiting.filter(pk__in=sent).update(woken_at=Now())
    return len(sent)

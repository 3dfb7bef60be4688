"""Which inference job comes first: what somebody watches, then batches, network by network."""

from __future__ import annotations

from django.db.models import Case, QuerySet, When

from inference.models import InferenceJob
from inference.worker import warm
from segweb.jobs import State, job_execute, job_models, patiently


def next_execute() -> None:
    """Carry out the job that should come first; returns at once when none is QUEUED."""
    while (job := patiently(next_job)) and not job_execute(
        model=type(job), pk=job.pk, device=warm.engine().device
    ):
        pass  # another worker was faster: what comes next?


def next_job() -> InferenceJob | None:
    """What somebody watches, longest waiting first, whatever it is; then the others by turns."""
    kinds = [kind for kind in job_models() if issubclass(kind, InferenceJob)]
    # The broker is first in, first out: behind a batch's 600 messages somebody would wait long.
    watched = [job for kind in kinds if (job := _oldest(_queued(kind).filter(kind.watched)))]
    if watched:
        return min(watched, key=lambda job: job.queued_at)
    for kind in sorted(kinds, key=lambda kind: kind.turn):
        if job := _by_network(kind) if kind.network else _oldest(_queued(kind)):
            return job
    return None


def _queued(kind: type[InferenceJob]) -> QuerySet[InferenceJob]:
    return kind._default_manager.filter(state=State.QUEUED).only("pk", "queued_at")


def _oldest(queued: QuerySet[InferenceJob]) -> InferenceJob | None:
    return queued.order_by("queued_at").first()


def _by_network(kind: type[InferenceJob]) -> InferenceJob | None:
    """Warm networks first: loading one takes longer than most predictions."""
    is_warm = When(**{f"{kind.network}__sha256__in": warm.engine().warm}, then=0)
    # Then checkpoint by checkpoint, so that each is loaded once.
    return _queued(kind).order_by(Case(is_warm, default=1), kind.network, "queued_at").first()

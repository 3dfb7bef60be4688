"""Which inference job comes first: what somebody watches, then batches, network by network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Case, QuerySet, Value, When

from inference.models import InferenceJob
from inference.worker import warm
from segweb.jobs import Aside, State, at_once, job_execute, job_models, patiently


def next_execute(*, aside: Aside = at_once, between: Callable[[], object] = lambda: None) -> None:
    """Carry out the job that should come first; returns at once when none is QUEUED.

    `aside` as `job_execute` takes it. `between` is done where nobody watches a job, before those
    that nobody watches: one of these and that take turns.
    """
    if not _executed(next_watched, aside):
        between()
        _executed(next_job, aside)


def _executed(following: Callable[[], InferenceJob | None], aside: Aside) -> bool:
    """Carry out the job that `following` gives; False when it gives none."""
    while job := patiently(following):
        if job_execute(
            model=type(job),
            pk=job.pk,
            token=job.lease_token,
            device=warm.engine().device,
            aside=aside,
        ):
            return True
        # Another worker was faster: what comes next?
    return False


def next_job() -> InferenceJob | None:
    """What somebody watches, then the others by turns. Of its fields as `next_watched` gives."""
    return next_watched() or _next_unwatched()


def next_watched() -> InferenceJob | None:
    """What somebody watches, longest waiting first, whatever it is.

    Of its fields only the key and `lease_token` are there.
    """
    # The broker is first in, first out: behind a batch's 600 messages somebody would wait long.
    with connection.cursor() as cursor:
        cursor.execute(*_longest_watched())
        if row := cursor.fetchone():
            number, pk, token, _ = row
            kind = _kinds()[number]
            return kind(pk=kind._meta.pk.to_python(pk), lease_token=token)
    return None


def _next_unwatched() -> InferenceJob | None:
    for kind in sorted(_kinds(), key=lambda kind: kind.turn):
        queued = _queued(kind).only("pk", "lease_token")
        if kind.network:
            # Warm networks first: loading one takes longer than most predictions.
            is_warm = When(**{f"{kind.network}__sha256__in": warm.engine().warm}, then=0)
            # Then checkpoint by checkpoint, so that each is loaded once.
            queued = queued.order_by(Case(is_warm, default=1), kind.network, "queued_at")
        if job := queued.first():
            return job
    return None


@cache
def _kinds() -> list[type[InferenceJob]]:
    return [kind for kind in job_models() if issubclass(kind, InferenceJob)]


@cache
def _longest_watched() -> tuple[str, Any]:
    """One query over all kinds, and its parameters: which kind, key and token, when queued.

    Each job begins with it: to run it takes 0.1 ms, to put it together 3.
    """
    watched = [
        _queued(kind)
        .filter(kind.watched)
        .order_by()
        .values_list(Value(number), "pk", "lease_token", "queued_at")
        for number, kind in enumerate(_kinds())
    ]
    longest = watched[0].union(*watched[1:], all=True).order_by("queued_at")[:1]
    return longest.query.sql_with_params()


def _queued(kind: type[InferenceJob]) -> QuerySet[InferenceJob]:
    return kind._default_manager.filter(state=State.QUEUED).order_by("queued_at")

"""The panes of a compare page: a prediction, its number, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from inference.labels import labels
from inference.models import Comparison, Prediction
from segweb.jobs import State

PATIENCE = timedelta(seconds=15)  # a worker needs some seconds to import torch


@dataclass(frozen=True)
class Pane:
    """One prediction as the page shows it; `number` counts from 1 and is its key.

    While it is queued, `before` predictions come first; it is `stalled` when no worker seems to
    be at work at all.
    """

    prediction: Prediction
    number: int
    label: str = ""
    before: int = 0
    stalled: bool = False

    @property
    def look(self) -> str:
        """Names what the pane shows: the same look, the same pane."""
        row = self.prediction
        # Whole percents: with every byte the pane would look new and be drawn again.
        fetched = round(100 * (row.download or 0))
        waits = (self.before, int(self.stalled), fetched, row.tile or 0)
        return "-".join(map(str, (row.state, row.attempt, *waits)))


def comparison_panes(comparison: Comparison, *, waits: bool = True) -> list[Pane]:
    """The panes of a comparison in its predictions' order; unless `waits`, with labels alone."""
    predictions = list(comparison.predictions.all())
    named = labels([prediction.checkpoint for prediction in predictions])
    return [
        pane_of(prediction, number, label) if waits else Pane(prediction, number, label)
        for number, (prediction, label) in enumerate(zip(predictions, named, strict=True), start=1)
    ]


def pane_of(prediction: Prediction, number: int, label: str = "") -> Pane:
    """The pane of one prediction, with what it waits for."""
    if prediction.state != State.QUEUED:
        return Pane(prediction, number, label)
    now = timezone.now()
    before = Prediction.objects.filter(
        state__in=[State.QUEUED, State.RUNNING], queued_at__lt=prediction.queued_at
    )
    if prediction.comparison.batch_id is None:  # batches let others pass
        before = before.exclude(state=State.QUEUED, comparison__batch__isnull=False)
    beating = Q(heartbeat_at__gt=now - timedelta(seconds=settings.LEASE_SECONDS))
    # Read from the rows: to ask the broker would cost a second, and fail with it. Between two
    # jobs no lease beats, so one that ended just now is a sign of life too.
    at_work = Q(state=State.RUNNING) & beating | Q(ended_at__gt=now - PATIENCE)
    stalled = (
        prediction.queued_at < now - PATIENCE and not Prediction.objects.filter(at_work).exists()
    )
    return Pane(prediction, number, label, before.count(), stalled)

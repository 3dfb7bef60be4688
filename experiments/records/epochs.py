"""Recording what an epoch brought: once, however often it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Attempt, Confusion, Epoch, Kind, Run
from models_zoo.metrics import scores
from models_zoo.metrics.table import METRICS
from models_zoo.training.config import LIMITS
from segweb.jobs import State

SPARKLINE = 60  # points of a run's small curve
# Class ids are bytes.
MOST_CLASSES = 256
MOST_FURTHER, LONGEST_NAME = 100, 100
LARGEST_NUMBER = 1e300
# What an event or a report says beside metrics, and what of a row no report may touch.
NO_METRICS = {"event", "time", "epoch", "run", "run_id", "further"} | {
    field.name for field in Epoch._meta.fields if field.name not in (*Epoch.METRICS, "step")
}


class RunGone(ValidationError):
    """The run that something is told of was deleted."""

    status = 404


def metrics_told(told: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics in an event or a report: those of the table, and any other number or numbers.

    What is no finite number is None. A text is no metric; nor is what carries no printable name.
    """
    named = {name: told[name] for name in told if name not in NO_METRICS and name.isprintable()}
    columns = {name: value for name, value in named.items() if name in Epoch.METRICS}
    others = {name: value for name, value in named.items() if name not in Epoch.METRICS}
    return columns | {
        name: _finite(value)
        for name, value in others.items()
        # Those of the table are single figures: pages draw them without another look.
        if _is_metric(value) and not (name in METRICS and isinstance(value, list))
    }


def _is_metric(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST_CLASSES and all(
            part is None or (_is_metric(part) and not isinstance(part, list)) for part in value
        )
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: Any) -> Any:
    """Numbers as every database's JSON holds them: it knows neither NaN nor infinity."""
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return value if value is not None and abs(value) < LARGEST_NUMBER else None


def epoch_values(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as Epoch's fields: into their columns, and without one into `further`."""
    columns = {name: metrics[name] for name in Epoch.METRICS if name in metrics}
    further = {name: value for name, value in metrics.items() if name not in Epoch.METRICS}
    return columns | {"further": further}


def epoch_record(
    *,
    run: Run,
    number: int,
    confusion: Any = None,
    attempt: Attempt | None = None,
    recorded_at: datetime | None = None,
    **metrics: Any,
) -> Epoch:
    """Upsert the epoch `number` (from 1) of a run, and what the run's row says of its epochs.

    `confusion` holds K×K pixel counts, truth by row and prediction by column; `recorded_at` is when
    the epoch ended, now if it is not said. `metrics` are any by name: those without a column are
    kept in `further`. Where there are confusion counts, the scores are computed from them. Telling
    the same epoch twice changes nothing; telling other figures replaces them. RunGone when the run
    was deleted meanwhile.
    """
    packed = None if confusion is None else Confusion.pack(confusion)
    if packed is not None and "miou" not in metrics:
        metrics |= scores(packed.matrix)
    values = epoch_values(metrics)
    values |= {"attempt": attempt, "recorded_at": recorded_at or timezone.now()}
    with transaction.atomic():
        # The run's row first: of several that tell one epoch at once, each finds the last one's.
        if not Run.objects.select_for_update().filter(pk=run.pk).values_list("pk"):
            raise RunGone(_("This run was deleted."))
        former = Epoch.objects.filter(run_id=run.pk, number=number)
        kept = former.values_list("pk", "confusion", "further").first()
        pk, confusion_pk, further = kept or (None, None, {})
        # What a former report told stays, as far as there is room: reports may go on for ever.
        room = max(MOST_FURTHER - len(values["further"]), 0)
        others = sorted(further.keys() - values["further"].keys())
        values["further"] |= {name: further[name] for name in others[:room]}
        if packed is not None:
            # The counts keep their row: a new one each time would leave the old ones behind.
            packed.pk = confusion_pk
            packed.save(force_update=confusion_pk is not None)
            values["confusion"] = packed
        epoch = Epoch(pk=pk, run_id=run.pk, number=number, **values)
        epoch.save(update_fields=list(values) if pk else None, force_insert=pk is None)
        run_summarise(run)
    return epoch


def epoch_report(*, run: Run, number: int, confusion: Any = None, **metrics: Any) -> Epoch:
    """`epoch_record` for a run from elsewhere, whose figures are checked first.

    The run is DONE with its last epoch. ValidationError by field for what makes no sense.
    """
    if run.kind != Kind.EXTERNAL:
        raise ValidationError(_("Only runs from elsewhere are reported; this one is trained here."))
    if run.state == State.STOPPED:
        raise ValidationError(_("This run was stopped."))
    if not 1 <= number <= (run.epochs or LIMITS["epochs"]):
        raise ValidationError({"epoch": _("There is no such epoch in this run.")})
    for name, metric in METRICS.items():
        value = metrics.get(name)
        for part in value if isinstance(value, list) else [value]:
            if part is None:
                continue
            if not math.isfinite(part):
                raise ValidationError({name: _("This must be a finite number.")})
            if metric.fraction and not 0 <= part <= 1:
                raise ValidationError({name: _("This must be a fraction, from 0 to 1.")})
            if name in ("lr", "seconds", "images_per_second") and part < 0:
                raise ValidationError({name: _("This must not be negative.")})
    if len(metrics) > MOST_FURTHER or any(len(name) > LONGEST_NAME for name in metrics):
        raise ValidationError(_("These are too many metrics, or their names are too long."))
    if confusion is not None:
        confusion = _counts(run, confusion)
    with transaction.atomic():
        epoch = epoch_record(run=run, number=number, confusion=confusion, **metrics)
        # Only one that runs: a report that comes late ends nothing a second time.
        over = Run.objects.filter(pk=run.pk, state=State.RUNNING, epochs=number)
        over.update(state=State.DONE, ended_at=Now())
    return epoch


def _counts(run: Run, confusion: Any) -> np.ndarray:
    """K×K counts; K is the data set's number of classes where that is known."""
    wrong = ValidationError({"confusion": _("This must be a square of pixel counts, by class.")})
    try:
        counts = np.array(confusion)
    except (ValueError, OverflowError) as fault:
        raise wrong from fault
    square = counts.ndim == 2 and 1 <= counts.shape[0] == counts.shape[1] <= MOST_CLASSES
    # torch and NumPy tell whole counts as 12.0, too.
    if square and counts.dtype.kind == "f" and (counts % 1 == 0).all() and counts.max() < 2**53:
        counts = counts.astype(np.int64)
    if not square or counts.dtype.kind not in "iu" or counts.min() < 0 or counts.max() > 2**48:
        raise wrong
    if run.dataset and len(run.dataset.classes) not in (0, len(counts)):
        raise wrong
    return counts


def run_summarise(run: Run) -> None:
    """Best, last and course of the mIoU on the run's own row, from its epochs."""
    course = list(
        Epoch.objects.filter(run_id=run.pk).order_by("number").values_list("number", "miou")
    )
    # Among equal scores the earlier epoch is the best one.
    scored = [(miou, -number) for number, miou in course if miou is not None]
    best = max(scored, default=None)
    stride = max(1, math.ceil(len(course) / SPARKLINE))
    # From the end, so that the last epoch is always among the points.
    thinned = [miou for _number, miou in course[::-1][::stride]][::-1]
    number, last = course[-1] if course else (0, None)
    Run.objects.filter(pk=run.pk).update(
        epoch=number,
        last_miou=last,
        best_miou=best and best[0],
        best_epoch=best and -best[1],
        history=[miou if miou is None else round(miou, 4) for miou in thinned],
    )

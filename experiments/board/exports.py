"""Runs, their epochs and confusion matrices as rows, for CSV and JSON; written as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from experiments.models import Epoch, Run
from segweb.http.csv import csv_lines

CHUNK = 500
RUN_FIELDS = (
    *("id", "name", "kind", "state", "architecture", "variant", "data", "epochs", "seed", "config"),
    *("group", "parent_id", "owner__username", "notes", "tags", "created_at", "started_at"),
    *("ended_at", "epoch", "best_miou", "best_epoch", "last_miou", "protocol", "environment"),
)
EPOCH_FIELDS = (
    *("run_id", "number", "loss", "val_loss", "lr", "seconds", "images_per_second", "miou"),
    *("train_miou", "pixel_accuracy", "mean_accuracy", "per_class_iou", "recorded_at"),
)


def runs_rows(runs: QuerySet[Run]) -> Iterator[dict[str, Any]]:
    """One row a run."""
    yield from runs.values(*RUN_FIELDS).iterator(CHUNK)


def epochs_rows(runs: QuerySet[Run]) -> Iterator[dict[str, Any]]:
    """One row an epoch."""
    epochs = Epoch.objects.filter(run__in=runs.order_by().values("pk"))
    yield from epochs.order_by("run_id", "number").values(*EPOCH_FIELDS).iterator(CHUNK)


def confusions_rows(runs: QuerySet[Run]) -> Iterator[dict[str, Any]]:
    """One row an epoch that has counts: truth by row, prediction by column."""
    epochs = Epoch.objects.filter(run__in=runs.order_by().values("pk"), confusion__isnull=False)
    for epoch in epochs.order_by("run_id", "number").select_related("confusion").iterator(CHUNK):
        counts = epoch.confusion.matrix.tolist()
        yield {"run_id": epoch.run_id, "number": epoch.number, "confusion": counts}


ROWS = {"runs": runs_rows, "epochs": epochs_rows, "confusions": confusions_rows}


def as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A JSON list, an object a line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, cls=DjangoJSONEncoder)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


FORMS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}

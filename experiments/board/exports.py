"""Runs, their epochs and confusion matrices as rows, for CSV and JSON; written as they are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from experiments.models import Epoch, Run

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


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """CSV with a head; lists and objects are written as JSON."""
    writer = csv.writer(_Echo())
    for number, row in enumerate(rows):
        if number == 0:
            yield writer.writerow(row.keys())
        yield writer.writerow([_cell(value) for value in row.values()])


def _cell(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    # A spreadsheet would take such a text for a formula and compute it.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


FORMS = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}

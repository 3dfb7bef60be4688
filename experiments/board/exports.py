"""Runs, their epochs and confusion matrices as rows, for CSV and JSON; written as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import OuterRef, QuerySet, Subquery

from experiments.models import Confusion, Epoch, Run
from experiments.scores.metrics import metric_rows
from models_zoo.metrics.table import METRICS
from segweb.http.csv import csv_lines

CHUNK = 500  # rows read at a time: an export is written as it is read, however long
RUN_FIELDS = (
    *("id", "name", "kind", "state", "architecture", "variant", "data", "epochs", "seed", "config"),
    *("group", "parent_id", "owner__username", "notes", "tags", "created_at", "started_at"),
    *("ended_at", "epoch", "best_miou", "best_epoch", "last_miou", "protocol", "environment"),
    "private",
)


def runs_rows(runs: QuerySet[Run], reader: Any) -> Iterator[dict[str, Any]]:
    """One row a run; where it was cloned from, if `reader` may read that too."""
    parents = Run.objects.visible_to(reader).filter(pk=OuterRef("parent")).values("pk")
    for row in runs.annotate(seen=Subquery(parents)).values(*RUN_FIELDS, "seen").iterator(CHUNK):
        row["parent_id"] = row.pop("seen")
        yield row


def epochs_rows(runs: QuerySet[Run], reader: Any) -> Iterator[dict[str, Any]]:
    """One row an epoch: every metric of the table, then those that only these runs have."""
    epochs = Epoch.objects.filter(run__in=runs.order_by().values("pk")).order_by("run_id", "number")
    # A table's head stands before its rows are read, so the names are gathered first.
    kept = epochs.exclude(further={}).order_by().values_list("further", flat=True)
    others = sorted({name for further in kept.iterator(CHUNK) for name in further} - METRICS.keys())
    for row in metric_rows(epochs, METRICS, "run_id", "number", "recorded_at"):
        further = row.pop("further")
        yield row | {name: further.get(name) for name in others}


def confusions_rows(runs: QuerySet[Run], reader: Any) -> Iterator[dict[str, Any]]:
    """One row an epoch that has counts: truth by row, prediction by column."""
    counted = Confusion.objects.filter(epoch__run__in=runs.order_by().values("pk"))
    counted = counted.order_by("epoch__run_id", "epoch__number").select_related("epoch")
    for counts in counted.iterator(CHUNK):
        told = {"run_id": counts.epoch.run_id, "number": counts.epoch.number}
        yield told | {"confusion": counts.matrix.tolist()}


ROWS = {"runs": runs_rows, "epochs": epochs_rows, "confusions": confusions_rows}


def as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A JSON list, an object a line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, cls=DjangoJSONEncoder)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


FORMS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}

"""What charts draw: the epochs of a run after a cursor, at most as many points as one can see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.models import Epoch, Run, Usage
from experiments.scores.metrics import metric_rows, rounded
from experiments.scores.statistics import overfitting
from models_zoo.metrics.table import METRICS

MOST_POINTS = 500

OVERFITTING = _(
    "Overfitting since epoch %(epoch)s: "
    "val mIoU fell by %(fall)s while train mIoU rose by %(rise)s."
)
OVERFITTING_BY_LOSS = _(
    "Overfitting since epoch %(epoch)s: "
    "val mIoU fell by %(fall)s while the training loss went on falling."
)


def run_curves(*, run: Run, after: int = 0) -> dict[str, Any]:
    """The epochs after number `after` as rows, with what is to be told of the whole run."""
    epochs = Epoch.objects.filter(run=run, number__gt=after).order_by("number")
    drawn = [metric.name for metric in METRICS.values() if metric.chart]
    rows = []
    for row in metric_rows(epochs, drawn, "number"):
        further = {name: rounded(value) for name, value in row["further"].items()}
        figures = {name: rounded(row[name]) for name in drawn}
        rows.append({"epoch": row["number"], **figures, "further": further})
    starts = run.attempts.exclude(first_epoch=None).values_list("first_epoch", flat=True)
    return {
        "rows": thinned(rows, keep=run.best_epoch),
        "classes": class_names(run),
        "best": run.best_epoch,
        "attempts": sorted(set(starts)),
        "note": overfitting_note(run) if rows or not after else None,
        "over": run.ended,
    }


def thinned(rows: list[dict[str, Any]], *, keep: int | None = None) -> list[dict[str, Any]]:
    """Every n-th row, so that few enough remain; the last one and the epoch `keep` stay."""
    # Every n-th and no mean: a point of a chart is an epoch that was.
    stride = -(-len(rows) // MOST_POINTS)
    if stride < 2:
        return rows
    last = len(rows) - 1
    return [
        row
        for n, row in enumerate(rows)
        if n % stride == 0 or n == last or (keep is not None and row.get("epoch") == keep)
    ]


def run_labels(runs: Sequence[Run]) -> list[str]:
    """What is written at the curve of each run: those of one architecture with their seed."""
    alike = Counter(run.architecture for run in runs)
    seed = gettext(", seed %(seed)s")
    return [
        f"{run} #{run.pk}" + (seed % {"seed": run.seed} if alike[run.architecture] > 1 else "")
        for run in runs
    ]


def class_names(run: Run) -> list[str]:
    """The names of the run's classes; numbers where nobody named them."""
    if run.dataset and run.dataset.classes:
        return [gettext(entry["name"]) for entry in run.dataset.classes]
    first = Epoch.objects.filter(run=run).values_list("per_class_iou", flat=True).first()
    return [str(number) for number in range(len(first or []))]


def overfitting_note(run: Run) -> str:
    """A sentence when val falls while train rises, else ""."""
    rows = list(
        Epoch.objects.filter(run=run)
        .order_by("number")
        .values_list("number", "miou", "train_miou", "loss")
    )
    if not rows:
        return ""
    numbers, miou, train, loss = zip(*rows, strict=True)
    overfitted = overfitting(numbers, miou, train_miou=train, loss=loss)
    if overfitted is None:
        return ""
    told = {"epoch": overfitted.since, "fall": f"{100 * overfitted.fall:.1f}"}
    if overfitted.rise is None:
        return OVERFITTING_BY_LOSS % told
    return OVERFITTING % (told | {"rise": f"{100 * overfitted.rise:.1f}"})


def run_usage(*, run: Run, after: int = 0) -> dict[str, Any]:
    """What the trainer used after the sample `after`, by minutes since the run was created.

    `cpu` in processor cores, `gpu` in percent, both kinds of memory in GiB; None without a GPU.
    """
    fields = ("id", "at", "cpu", "memory_bytes", "gpu", "gpu_memory_bytes")
    samples = list(Usage.objects.filter(run=run, pk__gt=after).values_list(*fields))
    rows = [
        {
            "id": pk,
            "minutes": round((at - run.created_at).total_seconds() / 60, 2),
            "cpu": rounded(cpu),
            "memory": rounded(memory / 2**30),
            "gpu": gpu if gpu is None else rounded(100 * gpu),
            "gpu_memory": gpu_memory if gpu_memory is None else rounded(gpu_memory / 2**30),
        }
        for pk, at, cpu, memory, gpu, gpu_memory in samples
    ]
    return {"rows": thinned(rows), "over": run.ended}

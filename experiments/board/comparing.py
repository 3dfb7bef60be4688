"""Several runs beside each other: curves, confusion, and a paired bootstrap over images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from experiments.board.curves import thinned
from experiments.models import Epoch, Evaluation, Run
from experiments.scores.metrics import metric_rows, rounded
from experiments.scores.results import counts_of
from experiments.scores.statistics import PairedDifference, paired_bootstrap
from models_zoo.data import DatasetSplit
from models_zoo.data.formats import formats
from models_zoo.metrics.table import leading


def compared_curves(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The curves of each run by epoch, with the minutes of training until then."""
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    minutes: dict[int, float] = defaultdict(float)
    epochs = Epoch.objects.filter(run__in=runs).order_by("run_id", "number")
    names = [metric.name for metric in leading()]
    for row in metric_rows(epochs, names, "run_id", "number", "seconds"):
        pk = row["run_id"]
        minutes[pk] += (row["seconds"] or 0) / 60
        values = {name: rounded(row[name]) for name in names}
        rows[pk].append({"epoch": row["number"], "minutes": rounded(minutes[pk]), **values})
    return [
        {
            "id": run.pk,
            "label": f"{run} #{run.pk}",
            "group": str(run.group or ""),
            "group_label": _("%(run)s, all seeds") % {"run": run},
            "rows": thinned(rows[run.pk], keep=run.best_epoch),
        }
        for run in runs
    ]


@dataclass(frozen=True)
class Verdict:
    """Two runs whose best weights were scored on the same images under one protocol."""

    first: Run
    second: Run
    paired: PairedDifference


def best_evaluation(run: Run) -> Evaluation | None:
    """The evaluation of a run's best weights: on test where there is one."""
    checkpoint = run.checkpoints.with_scores().filter(superseded_at=None).order_by("-id").first()
    return checkpoint.evaluation if checkpoint else None


def verdicts(runs: Sequence[Run]) -> tuple[list[Verdict], list[tuple[Run, Run]]]:
    """Each neighbouring pair of runs: what the bootstrap says, and the pairs it cannot compare."""
    scored = {run.pk: best_evaluation(run) for run in runs}
    told, unlike = [], []
    for first, second in pairwise(runs):
        paired = _paired(scored[first.pk], scored[second.pk])
        if paired is None:
            unlike.append((first, second))
        else:
            told.append(Verdict(first, second, paired))
    return told, unlike


def _paired(first: Evaluation | None, second: Evaluation | None) -> PairedDifference | None:
    """None unless both were scored on the same images in the same way, image by image."""
    if first is None or second is None or not comparable(first, second):
        return None
    one, two = counts_of(first), counts_of(second)
    if one is None or two is None or one[0] != two[0]:
        return None
    try:
        slug = first.checkpoint.dataset.slug
        kinds = (kind for kind in formats().values() if getattr(kind, "slug", "") == slug)
        blocks = next(kinds, DatasetSplit).blocks_of(one[0])
        return paired_bootstrap(one[1], two[1], blocks=blocks)
    except ValueError:
        # Images of the same names, but with other truths.
        return None


def comparable(first: Evaluation, second: Evaluation) -> bool:
    """Whether two scores may stand beside each other."""
    return (first.split, first.split_hash, first.protocol_hash) == (
        second.split,
        second.split_hash,
        second.protocol_hash,
    )


def confusion_difference(first: Run, second: Run) -> dict[str, Any] | None:
    """How the second's best epoch confuses classes otherwise than the first's, in points.

    Shares of each true class are subtracted; None unless both have counts of the same classes.
    """
    classes = first.dataset.classes if first.dataset else []
    if first.dataset_id != second.dataset_id:
        return None
    shares = []
    for run in (first, second):
        best = run.epoch_rows.filter(number=run.best_epoch or 0).select_related("confusion").first()
        if best is None or best.confusion is None or best.confusion.num_classes != len(classes):
            return None
        matrix = best.confusion.matrix
        # A class that has no true pixels has shares of 0, not 0/0.
        shares.append(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))
    points = 100 * (shares[1] - shares[0])
    names = [_(entry["name"]) for entry in classes]
    rows = []
    for true, row in enumerate(points.tolist()):
        cells = []
        for predicted, change in enumerate(row):
            # For the better: more that is right, or less that is confused.
            better = (change > 0) == (true == predicted)
            seen = {"text": f"{change:+.1f}", "look": "better" if better else "worse"}
            cells.append(seen if abs(change) >= 0.05 else {"text": "", "look": ""})
        rows.append((names[true], cells))
    return {"names": names, "rows": rows}

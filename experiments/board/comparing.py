"""Several runs beside each other: curves, confusion, and a paired bootstrap over images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from experiments.board.curves import run_labels, thinned
from experiments.board.pairing import Pair, pair_of, paired, runs_scored
from experiments.models import Epoch, Run
from experiments.scores.metrics import metric_rows, rounded
from experiments.scores.statistics import PairedDifference
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
            "label": label,
            "group": str(run.group or ""),
            "group_label": _("%(run)s, all seeds") % {"run": run},
            "rows": thinned(rows[run.pk], keep=run.best_epoch),
        }
        for run, label in zip(runs, run_labels(runs), strict=True)
    ]


@dataclass(frozen=True)
class Verdict:
    """Two runs, and what the bootstrap says of them; None where it cannot say anything."""

    pair: Pair
    paired: PairedDifference | None


def verdicts(runs: Sequence[Run]) -> list[Verdict]:
    """Each neighbouring pair of runs."""
    scored = runs_scored(runs)
    pairs = [pair_of(scored[first.pk], scored[second.pk]) for first, second in pairwise(runs)]
    return [Verdict(pair, paired(pair)) for pair in pairs]


def partners(first: Run | None, others: Sequence[Run]) -> list[Pair]:
    """Each of the others beside `first`, those that can be told apart from it before all others.

    Beside itself where there is no first: whether it can be paired with any.
    """
    scored = runs_scored([*others, *([first] if first else [])])
    pairs = [pair_of(scored[first.pk if first else run.pk], scored[run.pk]) for run in others]
    return sorted(pairs, key=lambda pair: pair.obstacle is not None)


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

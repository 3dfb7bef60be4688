"""What a run's page draws by step: the metrics of a script that no curve by epoch shows whole."""

from __future__ import annotations

from typing import Any

from experiments.board.curves import thinned
from experiments.models import Point, Run, Series
from experiments.records.points import OF_TRAINING, series_ours
from experiments.scores.metrics import rounded


def series_drawn(*, run: Run) -> dict[str, Any]:
    """The names of these series, with how many values each was told; what is of val has a curve."""
    its = list(Series.objects.filter(run=run))
    on_val = {
        one.pk for (metric, _n), one in series_ours(run, its).items() if metric not in OF_TRAINING
    }
    drawn = [{"name": one.name, "points": one.points} for one in its if one.pk not in on_val]
    return {"series": drawn, "over": run.ended}


def series_points(*, run: Run, name: str) -> dict[str, Any]:
    """The values of a series by step, at most as many as one can see; the last one of a step."""
    told = Point.objects.filter(series__run=run, series__name=name).values_list("step", "value")
    rows = thinned([{"step": step, "value": rounded(value)} for step, value in dict(told).items()])
    return {"x": [row["step"] for row in rows], "y": [row["value"] for row in rows]}

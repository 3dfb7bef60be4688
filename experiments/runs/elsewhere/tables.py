"""Tables of metrics as CSV: a line an epoch or a step, a column a metric, as loggers write them."""

from __future__ import annotations

import csv
from math import isfinite
from pathlib import Path

from experiments.records.points import Told
from experiments.runs.elsewhere.history import Histories, History, NoHistory

# The column that a line's step stands in: the first of these that there is, else lines are counted.
STEPS = ("step", "epoch", "iteration", "iter")
TIME = ("timestamp", "time", "wall_time")  # columns that are no metric


def histories(file: Path) -> Histories:
    """The run of a file, called as it is."""
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as opened:
        reader = csv.DictReader(opened)
        try:
            columns, lines = reader.fieldnames or (), list(reader)
        except csv.Error as fault:
            raise NoHistory(f"{file} is no CSV: {fault}.") from fault
    by_name = {str(name).strip().lower(): name for name in columns}
    column = next((by_name[name] for name in STEPS if name in by_name), None)
    points = []
    for number, line in enumerate(lines, 1):
        step = _number(line.get(column, "")) if column else float(number)
        if step is None or not step.is_integer():
            raise NoHistory(f"{file}, line {number + 1}: {column} is no whole number.")
        for name, text in line.items():
            value = _number(text)
            if name and value is not None and name != column and name.lower() not in TIME:
                points.append(Told(name.strip(), value if isfinite(value) else None, int(step)))
    if not points:
        raise NoHistory(f"{file} has no column of numbers under a name.")
    yield History(source=f"csv:{file.resolve()}", name=file.stem, points=points)


def _number(text: object) -> float | None:
    try:
        return float(text) if isinstance(text, str) else None
    except ValueError:
        return None

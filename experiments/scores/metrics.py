"""An epoch's metrics as pages, charts and exports read them: by the table of models_zoo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from experiments.models import Epoch
from models_zoo.metrics.table import CHARTS, METRICS, charted

CHUNK = 500
DIGITS = 5  # significant ones: what a chart can show


@dataclass(frozen=True)
class Drawing:
    """A chart of a run's page: the metrics it draws, and what is written at its lines."""

    key: str
    title: str
    axis: str
    columns: str
    labels: str
    scale: int


def drawings() -> list[Drawing]:
    """The charts of a run's page, in the reader's language."""
    drawn = []
    for key, chart in CHARTS.items():
        # Val first in each: a line's colour is by its place, and val's is the same in all charts.
        metrics = sorted(charted(key), key=lambda metric: metric.line == "train")
        names = " ".join(metric.name for metric in metrics)
        drawing = Drawing(
            key=key,
            title=gettext(chart.title),
            axis=gettext(chart.axis),
            columns="classes" if key == "classes" else names,
            labels="|".join(gettext(metric.line) for metric in metrics if metric.line),
            scale=100 if metrics[0].fraction else 1,
        )
        drawn.append(drawing)
    return drawn


def metric_rows(epochs: QuerySet[Epoch], names: Iterable[str], *keys: str) -> Iterator[dict]:
    """The epochs as dictionaries of `keys` and of the metrics `names`, wherever these are kept.

    `further` holds what the table does not know, by name.
    """
    names = tuple(names)
    columns = [name for name in names if name in Epoch.METRICS]
    for row in epochs.values(*keys, *columns, "further").iterator(CHUNK):
        kept = row.pop("further")
        told = {name: row[name] if name in row else kept.get(name) for name in names}
        unknown = {name: value for name, value in kept.items() if name not in METRICS}
        yield {key: row[key] for key in keys} | told | {"further": unknown}


def rounded(value: Any) -> Any:
    """A figure with as many digits as a chart can show; lists part by part, None as it is."""
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return None if value is None else float(f"{value:.{DIGITS}g}")


def epoch_figures(epoch: Epoch) -> list[tuple[str, str]]:
    """Every single figure of an epoch as (title, text), those of the table first."""
    values = {name: getattr(epoch, name) for name in Epoch.METRICS} | epoch.further
    order = [*METRICS, *sorted(values.keys() - METRICS.keys())]
    return [
        (title_of(name), figure_text(name, values[name]))
        for name in order
        if values.get(name) is not None and name != "per_class_iou"
    ]


def title_of(name: str) -> str:
    """What a metric is called; one that the table does not know by its own name."""
    return gettext(METRICS[name].title) if name in METRICS else name


def figure_text(name: str, value: Any) -> str:
    """A metric's value as pages write it."""
    if isinstance(value, list):
        return ", ".join("–" if part is None else f"{part:.{DIGITS}g}" for part in value)
    metric = METRICS.get(name)
    return f"{100 * value:.1f} %" if metric and metric.fraction else f"{value:.{DIGITS}g}"

"""A report on chosen runs: one HTML file with its charts, tables and scripts inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from experiments.board.curves import run_labels
from experiments.models import Epoch, Run
from experiments.scores.metrics import metric_rows, title_of
from experiments.scores.results import run_results
from models_zoo.metrics.table import METRICS, leading

if TYPE_CHECKING:
    from bokeh.plotting import figure

PALETTE = ("#0b5fd8", "#c04f00", "#007a5a", "#a3348f", "#6b5b00", "#00728f", "#b3261e", "#5b4f9c")


def report_html(*, runs: Sequence[Run]) -> str:
    """The report. BokehJS is written into it, so that it opens anywhere without a network."""
    from bokeh.embed import components  # half a second, which no other page should pay
    from bokeh.resources import INLINE

    charts: dict[str, Any] = {metric.name: _chart(runs, metric.name) for metric in leading()}
    script, parts = components(charts)
    context = {
        "runs": [{"run": run, **run_results(run)} for run in runs],
        "charts": [mark_safe(part) for part in parts.values()],  # noqa: S308  (Bokeh's own)
        "scripts": mark_safe(INLINE.render_js() + script),  # noqa: S308
        "settings": config_differences(runs),
        "made": timezone.now(),
    }
    return render_to_string("experiments/board/report.html", context)


def _chart(runs: Sequence[Run], name: str) -> figure:
    from bokeh.plotting import figure

    fraction = METRICS[name].fraction
    title = f"{title_of(name)} (%)" if fraction else title_of(name)
    chart = figure(title=title, height=320, sizing_mode="stretch_width", tools="pan,reset,save")
    chart.xaxis.axis_label = _("epoch")
    for number, (run, legend) in enumerate(zip(runs, run_labels(runs), strict=True)):
        epochs = Epoch.objects.filter(run=run).order_by("number")
        rows = [row for row in metric_rows(epochs, [name], "number") if row[name] is not None]
        label: dict[str, Any] = {
            "legend_label": legend,
            "color": PALETTE[number % len(PALETTE)],
        }
        scale = 100 if fraction else 1
        x, y = [row["number"] for row in rows], [scale * row[name] for row in rows]
        chart.line(x, y, line_width=2, **label)
    if runs:
        chart.legend.click_policy = "hide"
        # Beneath the chart: inside it, it would lie over the best curve.
        chart.add_layout(chart.legend[0], "below")
    return chart


def config_differences(runs: Sequence[Run]) -> list[tuple[str, list[Any]]]:
    """The settings in which runs differ, with the value of each; every setting of a single one."""
    rows = []
    for name in settings_names(runs):
        values = [settings_of(run).get(name) for run in runs]
        if len(runs) == 1 or any(value != values[0] for value in values):
            rows.append((name, values))
    return rows


def settings_of(run: Run) -> dict[str, Any]:
    """All that was chosen for a run."""
    columns = {name: getattr(run, name) for name in ("architecture", "variant", "data", "epochs")}
    return columns | {"seed": run.seed} | run.config


def settings_names(runs: Sequence[Run]) -> list[str]:
    """Every setting that one of the runs has, in their order."""
    return list(dict.fromkeys(name for run in runs for name in settings_of(run)))

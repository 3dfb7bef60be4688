"""The leaderboard: the best of each architecture, by data set and protocol."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from experiments.access import draws_charts, reads_runs
from experiments.board.leaderboard import boards


@require_safe
@reads_runs
@draws_charts
def page(request: HttpRequest) -> HttpResponse:
    """Every board, or those of `?dataset=`."""
    axes = {
        "parameters": _("million parameters"),
        "milliseconds": _("ms a megapixel, on this site's workers"),
        "memory": _("MB of memory a megapixel, on this site's workers"),
    }
    every = boards(reader=request.user)
    chosen = request.GET.get("dataset", "")
    shown = []
    for number, board in enumerate(every):
        if chosen not in ("", board.dataset.slug):
            continue
        charts = [
            {"id": f"{name}-{number}", "x": axis, "series": board.against(name), "log": True}
            for name, axis in axes.items()
        ]
        charts.append(
            {"id": f"history-{number}", "x": _("date"), "series": board.history, "time": True}
        )
        shown.append({"board": board, "charts": [chart for chart in charts if chart["series"]]})
    datasets = {board.dataset.slug: board.dataset for board in every}
    context = {"boards": shown, "datasets": datasets.values(), "chosen": chosen}
    return render(request, "experiments/board/leaderboard.html", context)

"""The leaderboard: the best of each architecture, by data set and protocol."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from experiments.access import draws_charts, reads_runs
from experiments.board.leaderboard import Board, boards


@require_safe
@reads_runs
@draws_charts
def page(request: HttpRequest) -> HttpResponse:
    """Every board, or those of `?dataset=`."""
    every = boards()
    datasets = {board.dataset.slug: board.dataset for board in every}
    chosen = request.GET.get("dataset", "")
    context = {
        "boards": [
            {"board": board, "charts": _charts(board, number)}
            for number, board in enumerate(every)
            if chosen in ("", board.dataset.slug)
        ],
        "datasets": datasets.values(),
        "chosen": chosen,
    }
    return render(request, "experiments/board/leaderboard.html", context)


def _charts(board: Board, number: int) -> list[dict[str, object]]:
    """The charts of a board that have something to show."""
    figures = {
        "parameters": _("million parameters"),
        "milliseconds": _("ms a megapixel, on this site's workers"),
        "memory": _("MB of memory at most, on this site's workers"),
    }
    charts = [
        {"id": f"{name}-{number}", "x": x, "series": board.against(name), "log": True}
        for name, x in figures.items()
    ]
    history = {"id": f"history-{number}", "x": _("date"), "series": board.history, "time": True}
    return [chart for chart in (*charts, history) if chart["series"]]

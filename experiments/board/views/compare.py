"""Runs beside each other."""

from __future__ import annotations

from django.db.models import Case, Q, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from experiments.access import draws_charts, reads_runs
from experiments.board.comparing import (
    compared_curves,
    confusion_difference,
    partners,
    verdicts,
)
from experiments.board.probes import probe_grid
from experiments.board.report import config_differences
from experiments.board.table import MOST_WORDS, mentions
from experiments.models import Run
from experiments.queries import numbers_named
from models_zoo.metrics.table import leading

MOST = 20  # runs: more lines than that nobody tells apart
MOST_OFFERED = 100


def _chosen(request: HttpRequest) -> list[Run]:
    """The runs of `?run=`, in the order in which they were named."""
    order = numbers_named(request, "run")[:MOST]
    runs = Run.objects.visible_to(request.user).select_related("dataset", "owner").in_bulk(order)
    return [runs[pk] for pk in order if pk in runs]


@require_safe
@reads_runs
@draws_charts
def page(request: HttpRequest) -> HttpResponse:
    """Curves, settings that differ, and whether one is better than the next."""
    runs = _chosen(request)
    # Verdicts are of neighbours: one that is added stands beside the last.
    last = runs[-1] if runs else None
    room = len(runs) < MOST
    context = {
        "runs": runs,
        "last": last,
        "room": room,
        "left_out": MOST if len(numbers_named(request, "run")) > MOST else 0,
        "partners": partners(last, _others(request, runs)) if room else [],
        "pick": request.GET.get("pick", ""),
        "settings": config_differences(runs) if len(runs) > 1 else [],
        "verdicts": verdicts(runs),
        "confusion": confusion_difference(*runs[:2]) if len(runs) > 1 else None,
        "query": "&".join(f"run={run.pk}" for run in runs),
        "metrics": leading(),
        "grid": probe_grid(runs, request.GET.get("probe", "")),
        "grouped": any(run.group for run in runs),
    }
    return render(request, "experiments/board/compare.html", context)


def _others(request: HttpRequest, runs: list[Run]) -> list[Run]:
    """The runs that may be added: those of the last one's data set before the others."""
    readable = Run.objects.visible_to(request.user).select_related("dataset", "owner")
    others = readable.exclude(pk__in=[run.pk for run in runs])
    for word in request.GET.get("pick", "").split()[:MOST_WORDS]:
        others = others.filter(mentions(word))
    if runs and runs[-1].dataset_id:
        alike = Q(dataset=runs[-1].dataset_id)
        others = others.order_by(Case(When(alike, then=0), default=1), "-id")
    else:
        others = others.order_by("-id")
    return list(others[:MOST_OFFERED])


@require_safe
@reads_runs
def curves(request: HttpRequest) -> HttpResponse:
    """What the charts of the page draw."""
    return JsonResponse({"runs": compared_curves(_chosen(request))})

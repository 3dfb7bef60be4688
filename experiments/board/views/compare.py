"""Runs beside each other."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from experiments.access import draws_charts, reads_runs
from experiments.board.comparing import compared_curves, confusion_difference, verdicts
from experiments.board.report import config_differences
from experiments.models import Run
from experiments.queries import numbers_named
from models_zoo.metrics.table import leading

MOST = 20  # runs: more lines than that nobody tells apart


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
    told, unlike = verdicts(runs)
    context = {
        "runs": runs,
        "others": Run.objects.visible_to(request.user).exclude(pk__in=[run.pk for run in runs])[
            :100
        ],
        "settings": config_differences(runs) if len(runs) > 1 else [],
        "verdicts": told,
        "unlike": unlike,
        "confusion": confusion_difference(*runs[:2]) if len(runs) > 1 else None,
        "query": "&".join(f"run={run.pk}" for run in runs),
        "metrics": leading(),
        "grouped": any(run.group for run in runs),
    }
    return render(request, "experiments/board/compare.html", context)


@require_safe
@reads_runs
def curves(request: HttpRequest) -> HttpResponse:
    """What the charts of the page draw."""
    return JsonResponse({"runs": compared_curves(_chosen(request))})

"""What the charts of a run's page draw, asked for again and again while it trains."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from experiments.access import reads_runs
from experiments.board.curves import run_curves, run_usage
from experiments.board.series import series_drawn, series_points
from experiments.models import Run
from experiments.queries import number_read


@require_safe
@reads_runs
def curves(request: HttpRequest, pk: int) -> JsonResponse:
    """The epochs after the one in `?after=`."""
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related("dataset"), pk=pk)
    after = number_read(request.GET.get("after")) or 0
    return JsonResponse(run_curves(run=run, after=after))


@require_safe
@reads_runs
def series(request: HttpRequest, pk: int) -> JsonResponse:
    """What there is to draw by step, or the values of the one in `?name=`."""
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related("dataset"), pk=pk)
    name = request.GET.get("name")
    drawn = series_drawn(run=run) if name is None else series_points(run=run, name=name)
    return JsonResponse(drawn)


@require_safe
@reads_runs
def usage(request: HttpRequest, pk: int) -> JsonResponse:
    """What the trainer used after the sample in `?after=`."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    after = number_read(request.GET.get("after")) or 0
    return JsonResponse(run_usage(run=run, after=after))

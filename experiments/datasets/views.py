"""The pages of data sets: what a run can be trained on, and a further one brought in by a zip."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from experiments.access import manages, may_launch, may_manage, reads_runs
from experiments.datasets.showing import split_open, splits_of, thumbnail
from experiments.models import Checkpoint, Import, Run
from experiments.records.sources import data_sources, data_title, faults_told


@require_safe
@reads_runs
def page(request: HttpRequest) -> HttpResponse:
    """What there is, with the ways to a further one."""
    manages = may_manage(request.user)
    context = {
        "sources": [(source, splits_of(source.spec)) for source in data_sources()],
        "may_launch": may_launch(request.user),
        "may_manage": manages,
        "imports": Import.objects.all()[:5] if manages else (),
        "max_bytes": settings.IMPORT_MAX_BYTES,
    }
    return render(request, "experiments/datasets/list.html", context)


@require_safe
@reads_runs
def dataset(request: HttpRequest) -> HttpResponse:
    """One of them (`?data=`): classes, splits, images with their masks, and what was made of it."""
    spec = request.GET.get("data", "")
    try:
        opened = split_open(spec, "train")
        with faults_told():
            height, width = opened.input_size
    except ValidationError as fault:
        raise Http404 from fault
    # By the specification: other data may have the same name.
    runs = Run.objects.visible_to(request.user).filter(data=spec)
    checkpoints = Checkpoint.objects.offered().visible_to(request.user)
    context = {
        "spec": spec,
        "title": data_title(spec, opened),
        "opened": opened,
        "height": height,
        "width": width,
        "splits": splits_of(spec),
        "runs": runs.count(),
        "checkpoints": checkpoints.filter(run__in=runs),
        "may_launch": may_launch(request.user),
        "may_manage": may_manage(request.user),
    }
    return render(request, "experiments/datasets/dataset.html", context)


@require_safe
@reads_runs
@cache_control(private=True, max_age=3_600)
def picture(request: HttpRequest, split: str, number: int) -> HttpResponse:
    """An image of `?data=`, with its true mask over it (`?masked`)."""
    try:
        opened = split_open(request.GET.get("data", ""), split)
        if number >= len(opened):
            raise Http404
        content = thumbnail(opened, number, masked="masked" in request.GET)
    except (ValidationError, ValueError, OSError) as fault:
        raise Http404 from fault
    return HttpResponse(content, content_type="image/jpeg")


@require_safe
@manages
def imported(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far an import is; 204 while that looks as it did (`?seen=`)."""
    row = get_object_or_404(Import.objects.select_related("dataset"), pk=pk)
    look = f"{row.state}{row.step}"
    if request.GET.get("seen") == look:
        return HttpResponse(status=204)
    part = "experiments/datasets/_import.html"
    template = part if "seen" in request.GET else "experiments/datasets/import.html"
    return render(request, template, {"import": row, "look": look})

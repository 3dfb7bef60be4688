"""Taking checkpoints off offer, and out as files; networks and masks from elsewhere coming in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from experiments.access import account, launches, manages, may_change, may_launch
from experiments.checkpoints.services import (
    checkpoint_restore,
    checkpoint_withdraw,
    exports_visible,
    network_export,
)
from experiments.models import (
    FORMS,
    Brought,
    Checkpoint,
    Dataset,
    MasksImport,
    NetworkImport,
    Run,
)
from experiments.records.sources import data_sources


@require_POST
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a run's checkpoint off offer, or put it back."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    checkpoint = run.checkpoint
    if not (may_launch(request.user) and may_change(request.user, run)):
        raise PermissionDenied
    if checkpoint is None:
        raise Http404
    act = checkpoint_restore if request.POST.get("offered") else checkpoint_withdraw
    act(checkpoint=checkpoint)
    return redirect("experiments:run", pk)


@require_POST
@launches
def export_new(request: HttpRequest) -> HttpResponse:
    """Have a checkpoint written as a file, and wait for it on its page."""
    offered = Checkpoint.objects.offered().visible_to(request.user)
    checkpoint = get_object_or_404(offered, key=request.POST.get("model", ""))
    form = request.POST.get("form", "")
    if form not in FORMS:
        raise Http404
    try:
        row = network_export(checkpoint=checkpoint, form=form, owner=account(request))
    except ValidationError as refusal:
        told = {"checkpoint": checkpoint, "refused": " ".join(refusal.messages)}
        status = getattr(refusal, "status", 400)
        return render(request, "experiments/checkpoints/export.html", told, status=status)
    return redirect("experiments:network-export", row.pk)


@require_safe
@launches
def export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far an export is; 204 while that looks as it did (`?seen=`)."""
    row = get_object_or_404(exports_visible(request.user), pk=pk)
    if request.GET.get("seen") == row.state:
        return HttpResponse(status=204)
    part = "_export" if "seen" in request.GET else "export"
    context = {"export": row, "checkpoint": row.checkpoint}
    return render(request, f"experiments/checkpoints/{part}.html", context)


@require_safe
@launches
def export_file(request: HttpRequest, pk: UUID) -> FileResponse:
    """The file of an export."""
    row = get_object_or_404(exports_visible(request.user), pk=pk)
    if not row.file:
        raise Http404
    opened, kind = default_storage.open(str(row.file)), "application/octet-stream"
    named = row.download_name
    return FileResponse(opened, as_attachment=True, filename=named, content_type=kind)


@require_safe
@manages
def network_new(request: HttpRequest) -> HttpResponse:
    """The form that a network from elsewhere is sent by, to REST."""
    context = _lately(NetworkImport) | {"datasets": Dataset.objects.order_by("title")}
    return render(request, "experiments/checkpoints/new.html", context)


@require_safe
@manages
def masks_new(request: HttpRequest) -> HttpResponse:
    """The form that masks from elsewhere are sent by, to REST; data of `?data=` are chosen."""
    asked = {"sources": data_sources(), "data": request.GET.get("data", "")}
    return render(request, "experiments/checkpoints/masks_new.html", _lately(MasksImport) | asked)


@require_safe
@manages
def network(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the import of a network is; 204 while that looks as it did (`?seen=`)."""
    row = get_object_or_404(NetworkImport.objects.select_related("checkpoint"), pk=pk)
    return _how_far(request, row, row.state, "experiments/checkpoints/_import.html")


@require_safe
@manages
def masks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the import of masks is; 204 while that looks as it did (`?seen=`)."""
    row = get_object_or_404(MasksImport.objects.select_related("checkpoint__dataset"), pk=pk)
    return _how_far(request, row, f"{row.state}{row.step}", "experiments/checkpoints/_masks.html")


@require_safe
@manages
def picture(request: HttpRequest, pk: UUID) -> FileResponse:
    """An image beside the mask that the network gave it."""
    row = get_object_or_404(NetworkImport, pk=pk)
    if not row.picture:
        raise Http404
    return FileResponse(default_storage.open(str(row.picture)), content_type="image/png")


def _lately(kind: type[Brought]) -> dict[str, Any]:
    """What a form that takes a file shows beside its fields."""
    rows = kind._default_manager.all()
    return {"imports": rows[:5], "max_bytes": settings.IMPORT_MAX_BYTES}


def _how_far(request: HttpRequest, row: Brought, look: str, part: str) -> HttpResponse:
    """The page of an import, or the part of it that changes; 204 where it looks as it was seen."""
    if request.GET.get("seen") == look:
        return HttpResponse(status=204)
    template = part if "seen" in request.GET else "experiments/checkpoints/import.html"
    return render(request, template, {"import": row, "look": look, "part": part})

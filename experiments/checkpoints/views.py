"""Taking a run's checkpoint off offer, and putting it back; networks from elsewhere coming in."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from experiments.access import may_change, may_launch, may_manage
from experiments.checkpoints.services import checkpoint_restore, checkpoint_withdraw
from experiments.models import Dataset, NetworkImport, Run


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


@require_safe
def network_new(request: HttpRequest) -> HttpResponse:
    """The form that a network from elsewhere is sent by, to REST."""
    if not may_manage(request.user):
        raise Http404
    context = {
        "datasets": Dataset.objects.order_by("title"),
        "imports": NetworkImport.objects.all()[:5],
        "max_bytes": settings.IMPORT_MAX_BYTES,
    }
    return render(request, "experiments/checkpoints/new.html", context)


@require_safe
def network(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the import of a network is; 204 while that looks as it did (`?seen=`)."""
    row = _network(request, pk)
    if request.GET.get("seen") == row.state:
        return HttpResponse(status=204)
    part = "experiments/checkpoints/_import.html"
    template = part if "seen" in request.GET else "experiments/checkpoints/import.html"
    return render(request, template, {"import": row})


@require_safe
def picture(request: HttpRequest, pk: UUID) -> FileResponse:
    """An image beside the mask that the network gave it."""
    row = _network(request, pk)
    if not row.picture:
        raise Http404
    return FileResponse(default_storage.open(str(row.picture)), content_type="image/png")


def _network(request: HttpRequest, pk: UUID) -> NetworkImport:
    if not may_manage(request.user):
        raise Http404
    return get_object_or_404(NetworkImport.objects.select_related("checkpoint"), pk=pk)

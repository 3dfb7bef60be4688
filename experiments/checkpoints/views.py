"""Taking a run's checkpoint off offer, and putting it back."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from experiments.access import may_change, may_launch
from experiments.checkpoints.services import checkpoint_restore, checkpoint_withdraw
from experiments.models import Run


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

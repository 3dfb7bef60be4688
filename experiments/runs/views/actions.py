"""The buttons on a run's page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from experiments.access import may_change
from experiments.models import Run
from experiments.queries import number_read
from experiments.runs.keeping import run_annotate, run_delete
from experiments.runs.services import run_resume, run_stop
from experiments.runs.views.run import run_get


def _changeable(request: HttpRequest, pk: int) -> Run:
    run = run_get(request, pk)
    if not may_change(request.user, run):
        raise PermissionDenied
    return run


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a run to stop."""
    run = _changeable(request, pk)
    if not run_stop(run=run):
        messages.warning(request, _("The run had ended already."))
    return redirect("experiments:run", pk)


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a run again, to go on from its last saved state, with more epochs if it says so."""
    run = _changeable(request, pk)
    try:
        if not run_resume(run=run, epochs=number_read(request.POST.get("epochs"))):
            refusal = _("Only a run that was stopped, failed or lost can be resumed.")
            messages.warning(request, refusal)
    except ValidationError as refused:
        messages.warning(request, " ".join(refused.messages))
    return redirect("experiments:run", pk)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a run for good; one that goes on is stopped by it."""
    run = _changeable(request, pk)
    run_delete(run=run)
    messages.success(request, _("The run is deleted."))
    return redirect("experiments:runs")


@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Change name, notes and tags, and whether others read the run."""
    run = _changeable(request, pk)
    tags = request.POST.get("tags", "").split(",")
    described = {"name": request.POST.get("name", ""), "notes": request.POST.get("notes", "")}
    # The box is there where the run has an owner; unticked, it sends nothing. What it was is sent
    # beside: a page from before the run became private would else publish it.
    ticked = "private" in request.POST
    changed = run.owner_id and ticked != ("was_private" in request.POST)
    private = ticked if changed else None
    try:
        run_annotate(run=run, tags=tags, private=private, **described)
    except ValidationError as refusal:
        for sentence in refusal.messages:
            messages.error(request, sentence)
    return redirect("experiments:run", pk)

"""Launching a training from the site."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from experiments.access import account, launches, may_manage
from experiments.models import Preflight, Run
from experiments.queries import number_read
from experiments.runs.launching import (
    PAPER,
    LaunchForm,
    clone_initial,
    preset_initial,
    preset_switched,
)
from experiments.runs.services import (
    preflight_request,
    preflight_stop,
    request_check,
    runs_launch_group,
)
from models_zoo import catalogue
from segweb.jobs import State

FIRST: dict[str, Any] = {
    "architecture": "unet",
    "variant": "slim",
    "data": "scenes",
    "epochs": 30,
    "seeds": "0",
}
QUEUE, CANCEL = "queue", "cancel"


@require_http_methods(["GET", "HEAD", "POST"])
@launches
def new(request: HttpRequest) -> HttpResponse:
    """The launch form; `?from=` fills it with a run's settings."""
    return launch(request, template="experiments/runs/launch.html")


def launch(request: HttpRequest, *, template: str, **context: Any) -> HttpResponse:
    """The launch form of the site and of the admin: checked first, then queued."""
    pk = number_read(request.GET.get("from"))
    parent = None if pk is None else get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    if parent:
        initial = clone_initial(parent)
    else:
        asked = {
            name: request.GET[name] for name in ("architecture", "data") if name in request.GET
        }
        initial = FIRST | {"recipe": PAPER} | asked
        initial |= preset_initial(initial["architecture"], PAPER)
    form = LaunchForm(request.POST or None, initial=initial)
    preflight = None
    if request.POST.get("action") == CANCEL:
        for look in _named(request):
            preflight_stop(preflight=look)
    elif form.is_valid():
        try:
            queue = request.POST.get("action") == QUEUE
            preflight = _looked_at(request, form)
            if preflight and queue:
                return _queue(request, form, parent, preflight)
            if not preflight:
                if queue:
                    text = _("The settings are others than those checked: checking again.")
                    messages.warning(request, text)
                preflight = preflight_request(owner=account(request), **_checked(form))
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
    context |= {"form": form, "parent": parent, "preflight": preflight}
    return render(request, template, context, status=422 if form.errors else 200)


def _checked(form: LaunchForm) -> dict[str, Any]:
    """What a look is at: the first seed stands for all."""
    return request_check(seed=form.cleaned_data["seeds"][0], **form.request())


def _looks(request: HttpRequest) -> QuerySet[Preflight]:
    """One's own, since they hold the settings of a run that may be private; staff sees all."""
    return Preflight.objects.filter(**({} if may_manage(request.user) else {"owner": request.user}))


def _named(request: HttpRequest) -> QuerySet[Preflight]:
    """The look that the form holds; none where it is somebody else's."""
    return _looks(request).filter(pk=number_read(request.POST.get("preflight")) or 0)


def _looked_at(request: HttpRequest, form: LaunchForm) -> Preflight | None:
    """The look that the form holds, if it found nothing in the way of these very settings."""
    preflight = _named(request).first()
    if preflight is None or preflight.state != State.DONE or preflight.blocking:
        return None
    # By way of JSON, as the row keeps it: tuples have become lists.
    return preflight if preflight.request == json.loads(json.dumps(_checked(form))) else None


@require_safe
@launches
def preflight(request: HttpRequest, pk: int) -> HttpResponse:
    """What a look found so far; 204 while that is nothing new (`?seen=`)."""
    look = get_object_or_404(_looks(request), pk=pk)
    if look.look == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "experiments/runs/_preflight.html", {"preflight": look})


def _queue(
    request: HttpRequest, form: LaunchForm, parent: Run | None, preflight: Preflight
) -> HttpResponse:
    runs = runs_launch_group(
        # A button that is pressed twice sends the same look twice, and launches once.
        idempotency_key=f"preflight {preflight.pk}",
        seeds=form.cleaned_data["seeds"],
        owner=account(request),
        parent=parent,
        **form.request(),
        **form.description(),
    )
    text = ngettext("%d run is launched.", "%d runs are launched.", len(runs)) % len(runs)
    messages.success(request, text)
    one = len(runs) == 1
    page = reverse("experiments:run", args=[runs[0].pk]) if one else reverse("experiments:runs")
    return redirect(f"{page}#main")  # else the browser would keep the form's fragment


@require_safe
@launches
def preset(request: HttpRequest) -> HttpResponse:
    """The settings of an architecture's recipe, as fields of the form; what was written stays."""
    architecture = request.GET.get("architecture", "")
    if architecture not in catalogue():
        return HttpResponse(status=404)
    initial, kept = preset_switched(request.GET, architecture, request.GET.get("recipe", PAPER))
    form = LaunchForm(initial=initial | {"data": request.GET.get("data", "")})
    context = {"form": form, "kept": ", ".join(kept)}
    return render(request, "experiments/runs/_settings.html", context)


@require_safe
@launches
def fit(request: HttpRequest) -> HttpResponse:
    """What is known of the crop that is written, on the data that are."""
    form = LaunchForm(initial=request.GET.dict())
    return render(request, "experiments/runs/_fit.html", {"form": form})

"""Launching a training from the site."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from experiments import services
from experiments.access import launches
from experiments.launching import PAPER, LaunchForm, clone_initial, preset_initial
from experiments.models import Run
from models_zoo.catalogue import catalogue

FIRST = {"architecture": "unet", "variant": "slim", "data": "scenes", "epochs": 30, "seeds": "0"}


@require_http_methods(["GET", "HEAD", "POST"])
@launches
def new(request: HttpRequest) -> HttpResponse:
    """The launch form; `?from=` fills it with a run's settings."""
    return launch(request, template="experiments/launch.html")


def launch(request: HttpRequest, *, template: str, **context: Any) -> HttpResponse:
    """The launch form of the site and of the admin, and what comes of it."""
    parent = _parent(request)
    form = LaunchForm(request.POST or None, initial=_initial(request, parent))
    if form.is_valid():
        try:
            return _queue(request, form, parent)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
    context |= {"form": form, "parent": parent}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _parent(request: HttpRequest) -> Run | None:
    """The run that `?from=` names."""
    pk = request.GET.get("from", "")
    if not pk.isdecimal():
        return None
    return get_object_or_404(Run.objects.visible(), pk=pk)


def _initial(request: HttpRequest, parent: Run | None) -> dict[str, Any]:
    if parent:
        return clone_initial(parent)
    chosen = {name: request.GET[name] for name in ("architecture", "data") if name in request.GET}
    first = FIRST | {"recipe": PAPER} | chosen
    return first | preset_initial(first["architecture"], PAPER)


def _queue(request: HttpRequest, form: LaunchForm, parent: Run | None) -> HttpResponse:
    runs = services.runs_launch_group(
        seeds=form.cleaned_data["seeds"],
        owner=request.user,
        parent=parent,
        **form.request(),
        **form.description(),
    )
    text = ngettext("%d run is queued.", "%d runs are queued.", len(runs)) % len(runs)
    messages.success(request, text)
    if len(runs) == 1:
        return redirect("experiments:run", runs[0].pk)
    return redirect("experiments:runs")


@require_safe
@launches
def preset(request: HttpRequest) -> HttpResponse:
    """The settings of an architecture's recipe, as the fields of the form."""
    architecture = request.GET.get("architecture", "")
    if architecture not in catalogue():
        return HttpResponse(status=404)
    initial = preset_initial(architecture, request.GET.get("recipe", PAPER))
    return render(request, "experiments/_settings.html", {"form": LaunchForm(initial=initial)})

"""Data sets, checkpoints, evaluations and runs in the admin: to look at, and to act on by services.

Rows of runs are launched, stopped, resumed, cloned and deleted here by who has the permission.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from experiments.access import may_manage
from experiments.checkpoints.services import checkpoint_restore, checkpoint_withdraw
from experiments.models import Checkpoint, Dataset, Evaluation, Run
from experiments.runs.keeping import run_delete, run_publish
from experiments.runs.services import run_resume, run_stop
from experiments.runs.views.launch import launch
from segweb.admin import JobAdmin, ReadOnlyAdmin, jobs_register


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    """Data sets."""

    list_display = ["slug", "title", "licence", "shipped"]


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """Checkpoints, with the service actions that take them off offer and back."""

    list_display = ["key", "architecture", "variant", "dataset", "parameters", "withdrawn_at"]
    list_filter = ["dataset", "variant", "shipped"]
    list_select_related = ["dataset"]
    search_fields = ["key", "architecture", "sha256"]
    actions = ["withdraw", "restore"]

    @admin.action(description=_("Withdraw from offer"), permissions=["change"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Checkpoint]) -> None:
        """New comparisons can no longer use them."""
        changed = sum(checkpoint_withdraw(checkpoint=checkpoint) for checkpoint in chosen)
        text = ngettext("%d checkpoint withdrawn.", "%d checkpoints withdrawn.", changed)
        self.message_user(request, text % changed)

    @admin.action(description=_("Put on offer again"), permissions=["change"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Checkpoint]) -> None:
        """New comparisons can use them again."""
        changed = sum(checkpoint_restore(checkpoint=checkpoint) for checkpoint in chosen)
        text = ngettext("%d checkpoint restored.", "%d checkpoints restored.", changed)
        self.message_user(request, text % changed)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """Evaluations with their passports."""

    list_display = ["checkpoint", "split", "images", "created_at"]
    list_select_related = ["checkpoint"]
    exclude = ["confusion"]


@admin.register(Run)
class RunAdmin(JobAdmin):
    """Runs: launched by the site's own form, acted on by services."""

    list_display = ["id", "__str__", "state", "architecture", "variant", "seed", "dataset"]
    list_display += ["epoch", "best_miou", "owner", "created_at"]
    list_display_links = ["id", "__str__"]
    list_filter = ["state", "kind", "private", "architecture", "dataset"]
    list_select_related = ["dataset", "owner"]
    search_fields = ["name", "notes", "architecture"]
    actions = ["stop", "resume", "clone", "hide", "show", "delete_for_good"]

    def has_launch_permission(self, request: HttpRequest) -> bool:
        """Who may launch may also stop, resume, clone and delete."""
        return may_manage(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may launch sees runs too."""
        return may_manage(request.user) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Likewise in the admin's index."""
        return may_manage(request.user) or super().has_module_permission(request)

    def get_urls(self) -> list[Any]:
        """With the launch form."""
        view = self.admin_site.admin_view(self.launch_view)
        return [path("launch/", view, name="experiments_run_launch"), *super().get_urls()]

    def launch_view(self, request: HttpRequest) -> HttpResponse:
        """The site's launch form, in the admin's frame."""
        if not may_manage(request.user):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": _("Launch training")}
        return launch(request, template="admin/experiments/run/launch.html", **context)

    def view_on_site(self, obj: Run) -> str:
        """The run's page."""
        return reverse("experiments:run", args=[obj.pk])

    def _each(self, request: HttpRequest, runs: QuerySet[Run], act: Callable[..., bool]) -> None:
        changed = sum(act(run=run) for run in runs)
        text = ngettext("%d run changed.", "%d runs changed.", changed) % changed
        self.message_user(request, text, messages.SUCCESS if changed else messages.WARNING)

    @admin.action(description=_("Stop"), permissions=["launch"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Those that have not ended."""
        self._each(request, chosen, run_stop)

    @admin.action(description=_("Resume"), permissions=["launch"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Those that were stopped, failed or got lost."""
        self._each(request, chosen, run_resume)

    @admin.action(description=_("Clone and edit (one)"), permissions=["launch"])
    def clone(self, request: HttpRequest, chosen: QuerySet[Run]) -> HttpResponse | None:
        """The launch form, filled with a run's settings."""
        if len(chosen) != 1:
            self.message_user(request, _("Choose one run to clone."), messages.WARNING)
            return None
        return redirect(f"{reverse('admin:experiments_run_launch')}?from={chosen[0].pk}")

    @admin.action(description=_("Make private to their owners"), permissions=["launch"])
    def hide(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Those that have an owner: they are read by that account and by staff."""
        self._each(request, chosen.exclude(owner=None), partial(run_publish, public=False))

    @admin.action(description=_("Make public"), permissions=["launch"])
    def show(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """They are read by every account, and their checkpoints are on offer to everybody."""
        self._each(request, chosen, partial(run_publish, public=True))

    @admin.action(description=_("Delete for good (stops first)"), permissions=["launch"])
    def delete_for_good(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """With epochs and files; published checkpoints stay."""
        runs = list(chosen)
        for run in runs:
            run_delete(run=run)
        text = ngettext("%d run deleted.", "%d runs deleted.", len(runs)) % len(runs)
        self.message_user(request, text)


jobs_register("experiments")

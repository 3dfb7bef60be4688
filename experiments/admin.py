"""Data sets, checkpoints and evaluations in the admin: to look at, and to withdraw or restore."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from experiments import services
from experiments.models import Checkpoint, Dataset, Evaluation
from segweb.admin import ReadOnlyAdmin


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
        changed = sum(services.checkpoint_withdraw(checkpoint=each) for each in chosen)
        text = ngettext("%d checkpoint withdrawn.", "%d checkpoints withdrawn.", changed)
        self.message_user(request, text % changed)

    @admin.action(description=_("Put on offer again"), permissions=["change"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Checkpoint]) -> None:
        """New comparisons can use them again."""
        changed = sum(services.checkpoint_restore(checkpoint=each) for each in chosen)
        text = ngettext("%d checkpoint restored.", "%d checkpoints restored.", changed)
        self.message_user(request, text % changed)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """Evaluations with their passports."""

    list_display = ["checkpoint", "split", "images", "created_at"]
    list_select_related = ["checkpoint"]
    exclude = ["confusion"]

"""What the apps' admin pages share, and the page of every kind of job that has none of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segweb.jobs import Job, job_models
from segweb.models import Act
from segweb.sentences import told

MOST_WORDS, LONGEST_SEARCH = 12, 200


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at, and to run the actions of; rows change through services only."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Rows are added by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are deleted by services."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Every field."""
        return [field.name for field in self.model._meta.fields]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the first few words: each of them looks through every row."""
        words = search_term[:LONGEST_SEARCH].split()
        if len(words) > MOST_WORDS or len(search_term) > LONGEST_SEARCH:
            sentence = _("Only the first %(limit)s words were searched for.")
            self.message_user(request, sentence % {"limit": MOST_WORDS}, messages.WARNING)
        return super().get_search_results(request, queryset, " ".join(words[:MOST_WORDS]))


@admin.register(Act)
class ActAdmin(ReadOnlyAdmin):
    """The audit trail: read here and nowhere else, changed nowhere."""

    list_display = ["at", "account", "what", "subject", "address"]
    list_display_links = None
    list_filter = ["what", "at"]
    search_fields = ["account", "subject", "address"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: who has the permission to view it reads it."""
        return False


class JobAdmin(ReadOnlyAdmin):
    """Jobs: where each stands, who works on it, what went wrong."""

    list_display = ["id", "__str__", "state", "attempt", "lease_owner", "fault"]
    list_filter = ["state"]
    search_fields = ["id"]  # without it there is no field to search in
    exclude = ["error"]  # English: `fault` tells it

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Every field, and the fault as the reader understands it."""
        names = super().get_readonly_fields(request, obj)
        return ["fault" if name == "error" else name for name in names]

    @admin.display(description=gettext_lazy("error"))
    def fault(self, job: Job) -> str:
        """What went wrong."""
        return told(job.error)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """By the job's id, or by that of what it belongs to."""
        owned = [f"{self.model.belongs_to}__id"] if self.model.belongs_to else []
        return [*self.search_fields, *owned]


def jobs_register(app_label: str) -> None:
    """Give every kind of job of an app that has no page of its own the common one."""
    for kind in job_models():
        if kind._meta.app_label == app_label and not admin.site.is_registered(kind):
            admin.site.register(kind, JobAdmin)

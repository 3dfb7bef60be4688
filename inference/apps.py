"""The inference app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class InferenceConfig(AppConfig):
    """Images, comparisons and predictions."""

    name = "inference"
    verbose_name = _("Inference")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from inference import costs  # noqa: F401  (the leaderboard asks it)
        from inference.models import Image
        from segweb.jobs.chores import chore_every
        from segweb.jobs.orphans import folders_follow

        # Of jobs' rows segweb's own app says it; an image is no job.
        folders_follow(Image)
        user_logged_in.connect(_signed_in, dispatch_uid="visitor becomes owner")
        chore_every(60, "inference.retention:visitors_forget")


def _signed_in(request: HttpRequest, user: User, **signal: Any) -> None:
    from inference.comparisons import visitor_becomes_owner  # a start needs nothing of it

    visitor_becomes_owner(request=request, user=user)

"""The inference app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InferenceConfig(AppConfig):
    """Images, comparisons and predictions."""

    name = "inference"
    verbose_name = _("Inference")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from inference import costs  # noqa: F401  (the leaderboard asks it)
        from inference.access import visitor_becomes_owner
        from inference.models import Image
        from segweb.jobs.chores import chore_every
        from segweb.jobs.orphans import folders_follow

        # Of jobs' rows segweb's own app says it; an image is no job.
        folders_follow(Image)
        user_logged_in.connect(visitor_becomes_owner, dispatch_uid="visitor becomes owner")
        chore_every(60, "inference.retention:visitors_forget")

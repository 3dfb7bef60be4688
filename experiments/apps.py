"""The experiments app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExperimentsConfig(AppConfig):
    """Data sets, checkpoints and evaluations."""

    name = "experiments"
    verbose_name = _("Experiments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from experiments.models import Checkpoint, Dataset
        from segweb.jobs.orphans import files_named

        # Of jobs' rows segweb's own app says it.
        files_named("datasets", by=lambda: Dataset.objects.values_list("folder", flat=True))
        files_named("checkpoints", by=lambda: Checkpoint.objects.values_list("file", flat=True))

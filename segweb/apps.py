"""The project's own app: its commands, and what holds for every kind of job."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_delete


class SegWebConfig(AppConfig):
    """Holds no tables. Every kind of job is checked, and its files go with its row."""

    name = "segweb"
    verbose_name = "SegWeb"

    def ready(self) -> None:
        from segweb.checks import job_kinds_check
        from segweb.jobs import job_models
        from segweb.jobs.files import files_follow

        register(job_kinds_check)
        for kind in job_models():
            # By signal: rows also go with an account or in bulk, and no service hears of it.
            post_delete.connect(files_follow, sender=kind)

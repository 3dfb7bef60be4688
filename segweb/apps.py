"""The project's own app: its commands, and what holds for every kind of job."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import pre_save


class SegWebConfig(AppConfig):
    """Kinds of job are checked, and so are rows; files go with their rows."""

    name = "segweb"
    verbose_name = "SegWeb"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from segweb.audit import accounts_follow
        from segweb.checks import job_kinds_check
        from segweb.http.columns import columns_check
        from segweb.jobs import job_models
        from segweb.jobs.chores import chore_every
        from segweb.jobs.orphans import folders_follow

        register(job_kinds_check)
        pre_save.connect(columns_check)
        for kind in job_models():
            folders_follow(kind)
        accounts_follow()
        chore_every(3600, "segweb.jobs.orphans:orphans_collect")
        chore_every(3600, "segweb.audit:acts_forget")

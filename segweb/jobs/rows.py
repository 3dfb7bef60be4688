"""The rows: where a job stands, and what every kind of job has."""

from __future__ import annotations

from typing import ClassVar

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a job stands; the transitions are in segweb.jobs."""

    QUEUED = "QUEUED", _("queued")
    RUNNING = "RUNNING", _("running")
    DONE = "DONE", _("done")
    FAILED = "FAILED", _("failed")
    STOPPED = "STOPPED", _("stopped")
    LOST = "LOST", _("lost")


ENDED = (State.DONE, State.FAILED, State.STOPPED, State.LOST)


class Job(models.Model):
    """A row that a worker claims, works on and finishes. Only the functions below change it.

    A concrete class names the Celery task that executes it, and the task's queue. `error` is an
    English sentence for the user that templates translate.
    """

    task_name: ClassVar[str]
    queue: ClassVar[str]

    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True, help_text="host:pid:device")
    lease_token = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    woken_at = models.DateTimeField(null=True, blank=True, help_text="last wake-up by the sweeper")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["state", "queued_at"], name="%(class)s_by_state")]

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED


def job_models() -> list[type[Job]]:
    """Every concrete job class of the installed apps."""
    return [model for model in apps.get_models() if issubclass(model, Job)]

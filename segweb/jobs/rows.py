"""The rows: where a job stands, and what every kind of job has."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from segweb.jobs.storage import DISK_FULL, told_disk_full


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
    """A row that a worker claims, works on and ends. Services queue it, this package does the rest.

    A concrete class is a kind of job, and says here all that is to be known of it; `segweb.checks`
    refuses one that forgets something.

    `task_name`, `queue`: the Celery task that a wake-up is for, and the queue it is sent to.
    `wakeups_most`: how many of them the sweeper keeps in the queue, however many rows wait.
    `work`: "module:function", which the worker imports, so that the web process stays without
    torch. Called with the row and its lease, it returns the fields that the job ends with, or what
    remains to be done: a function that gives them, called beside the next job's work.
    `needs`: the relations that the row is loaded with for that.
    `afterwards`: "module:function", called with the row when the job has ended, and again where the
    database was away meanwhile; "" for nothing.
    `belongs_to`: the relation that leads to the row whose `owner` it belongs to; "" for its own.
    `unexplained`: what is said of a fault that nobody foresaw.

    `error` is an English sentence for the user, which `segweb.sentences` translates for whoever
    reads it.
    """

    task_name: ClassVar[str]
    queue: ClassVar[str]
    wakeups_most: ClassVar[int] = 500
    work: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    afterwards: ClassVar[str] = ""
    belongs_to: ClassVar[str]
    unexplained: ClassVar[str] = gettext_noop(
        "This could not be carried out. The worker's log says why."
    )

    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    # Tries are given back and begun anew; the token only grows, and so fences.
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
        # What sweeper and workers ask for all the time: what waits, the longest waiting first.
        indexes = [models.Index(fields=["state", "queued_at"], name="%(class)s_by_state")]

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED

    @property
    def folder(self) -> str:
        """The storage folder of all that attempts at this job write; "" when they write nothing."""
        raise NotImplementedError

    @property
    def files(self) -> tuple[str, ...] | None:
        """The files that the row names, which alone stay in the folder once the job has ended.

        Each attempt's names begin with its token, so that two never meet. None: all of the folder
        stays, since one attempt goes on from what the last one left.
        """
        raise NotImplementedError

    @classmethod
    def owned_model(cls) -> type[models.Model]:
        """The model that `belongs_to` leads to, which has the `owner`."""
        model: Any = cls
        for name in filter(None, cls.belongs_to.split("__")):
            model = model._meta.get_field(name).related_model
        owned: type[models.Model] = model
        return owned

    @classmethod
    def fault_sentence(cls, fault: Exception) -> str:
        """What is said of a fault of the work; that of a ValidationError is the user's to mend."""
        if isinstance(fault, ValidationError):
            return " ".join(fault.messages)
        return DISK_FULL if told_disk_full(fault) else cls.unexplained


def job_models() -> list[type[Job]]:
    """Every concrete job class of the installed apps."""
    return [model for model in apps.get_models() if issubclass(model, Job)]

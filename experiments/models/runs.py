"""Runs of a training, each tried one or several times."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experiments.models.checkpoints import Checkpoint, Dataset
from experiments.models.privacy import readable
from segweb.http.plain import PlainJSONField
from segweb.jobs import Job, State


class Kind(models.TextChoices):
    """Where a run was trained: here, elsewhere, or before SegWeb was shipped."""

    TRAINED = "trained", _("trained here")
    EXTERNAL = "external", _("reported from elsewhere")
    SHIPPED = "shipped", _("shipped with SegWeb")


class RunQuerySet(models.QuerySet["Run"]):
    """Runs as the pages and the API list them."""

    def visible_to(self, user: Any) -> RunQuerySet:
        """Those that an account or a visitor may read, without shipped ones that were removed."""
        return self.filter(readable(user), removed_at=None)

    def named_for(self, user: Any) -> RunQuerySet:
        """The same with data set, owner and, where it may be read too, the run it was cloned from.

        Ask for `parent`, never for `parent_id`: it is None where the parent may not be read.
        """
        parents = models.Prefetch("parent", Run.objects.visible_to(user))
        return self.visible_to(user).select_related("dataset", "owner").prefetch_related(parents)


class Run(Job):
    """One training, from its configuration to its best weights.

    QUEUED ──a worker claims it──▶ RUNNING ──the trainer ends──▶ DONE
    QUEUED ──run_stop──▶ STOPPED;  RUNNING ──run_stop: flag, TERM, KILL──▶ STOPPED
    RUNNING ──the trainer says what is wrong──▶ FAILED
    RUNNING ──trainer or worker was killed──▶ QUEUED, and LOST after MAX_ATTEMPTS without an epoch
    STOPPED | FAILED | LOST ──run_resume──▶ QUEUED, going on from the last saved state
    DONE ──run_resume, with more epochs──▶ QUEUED, going on likewise

    `attempt` counts the tries since the last recorded epoch; `attempts` holds all of them. An
    `external` run is RUNNING without a lease from its creation until its last epoch is reported
    (DONE) or someone stops it; it has neither files nor a worker. A `shipped` run is DONE.

    `data` is a specification as models_zoo reads it, relative to the data root ("scenes",
    "camvid:camvid", "imported:streets"): no path of a host is in the database. `config` holds the
    fields of models_zoo's TrainConfig but architecture, variant, data, epochs and seed: these are
    columns.
    `step` of `steps` is the progress within epoch `epoch` + 1. `history` is the mIoU by epoch,
    thinned out for a small curve. `protocol` says how the scores of the epochs were measured.
    Files lie in storage under `folder`: see experiments.records.files. A `private` run is read by
    its owner and by staff alone, and so are its checkpoints: see experiments.models.privacy.
    """

    task_name = "experiments.run_execute"
    queue = "training"
    # A free worker trains whatever waits, and busy ones drop what rings. With a thousand runs
    # queued, to ring for each of them at every pass took 40 % of a core of sweeper and workers.
    wakeups_most = 10
    work = "experiments.worker.supervision:train"
    afterwards = "experiments.records.attempts:run_ended"
    belongs_to = ""
    files = None  # the next attempt goes on from them

    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TRAINED)
    architecture = models.CharField(max_length=100)
    variant = models.CharField(max_length=50, blank=True)
    dataset = models.ForeignKey(
        Dataset, null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    data = models.CharField(max_length=300, blank=True)
    config = PlainJSONField(default=dict)
    epochs = models.PositiveIntegerField(null=True, blank=True)
    seed = models.BigIntegerField(default=0)
    gpus = models.PositiveSmallIntegerField(default=1)

    group = models.UUIDField(null=True, blank=True, help_text=_("launched together, by seed"))
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    private = models.BooleanField(default=False)
    experiment = models.ForeignKey(
        "Experiment", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    notes = models.TextField(blank=True)
    tags = PlainJSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # NULL, not "": a unique column takes any number of those.
    idempotency_key = models.CharField(max_length=64, null=True, blank=True, unique=True)

    stop_requested = models.BooleanField(default=False)
    # Written in one transaction with what the events up to it brought.
    events_offset = models.PositiveBigIntegerField(default=0)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)

    epoch = models.PositiveIntegerField(default=0, help_text=_("epochs done"))
    best_miou = models.FloatField(null=True, blank=True)
    best_epoch = models.PositiveIntegerField(null=True, blank=True)
    last_miou = models.FloatField(null=True, blank=True)
    history = PlainJSONField(default=list)

    environment = PlainJSONField(default=dict)
    protocol = PlainJSONField(default=dict)
    protocol_hash = models.CharField(max_length=64, blank=True)
    disk_bytes = models.PositiveBigIntegerField(default=0)
    shipped_sha256 = models.CharField(max_length=64, null=True, blank=True, unique=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta(Job.Meta):
        verbose_name, verbose_name_plural = _("run"), _("runs")
        ordering = ["-id"]
        permissions = [("launch_run", "Can launch, stop, resume, clone and delete runs")]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["group"], name="run_by_group"),
            models.Index(fields=["dataset", "architecture"], name="run_by_subject"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.architecture} {self.pk}"

    @property
    def folder(self) -> str:
        """The storage folder of everything that the run writes."""
        return f"runs/{self.pk}"

    @property
    def checkpoint_key(self) -> str:
        """The key under which its best weights are on offer."""
        return f"run{self.pk}-best"

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Its best weights, once they were published."""
        return Checkpoint.objects.filter(key=self.checkpoint_key, superseded_at=None).first()

    @property
    def look(self) -> str:
        """Names what its row or its page's head shows: the same look, nothing to send anew."""
        flags = (int(self.stop_requested), int(self.private))
        parts = (self.state, self.attempt, self.epoch, self.step, *flags)
        return "-".join(map(str, parts))

    @property
    def can_stop(self) -> bool:
        """Whether it has not ended, and nobody asked it to."""
        asked = self.state == State.RUNNING and self.stop_requested
        return not self.ended and not asked

    @property
    def can_resume(self) -> bool:
        """Whether a worker could go on with it."""
        resumable = (State.STOPPED, State.FAILED, State.LOST)
        return self.kind == Kind.TRAINED and self.state in resumable

    @property
    def can_train_on(self) -> bool:
        """Whether a worker could go on with it for more epochs, although it is done."""
        whole = self.epochs is not None and self.epoch >= self.epochs
        return self.kind == Kind.TRAINED and self.state == State.DONE and whole


class Attempt(models.Model):
    """One try at a run: the worker that claimed it, from claim to end.

    `outcome` is "" while it goes on; then done, stopped, failed, released (the worker was shut
    down), crashed (the trainer was killed), stalled (it did nothing any more), or lost (the worker
    was). First and last epoch are those that it recorded. `fallback` is of one whose newest states
    were damaged: {damaged: [name], epoch, step} of where it went on, both 0 at the beginning.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    owner = models.CharField(max_length=200, help_text="host:pid:device")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, blank=True)
    exit_code = models.SmallIntegerField(null=True, blank=True)
    first_epoch = models.PositiveIntegerField(null=True, blank=True)
    last_epoch = models.PositiveIntegerField(null=True, blank=True)
    fallback = PlainJSONField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("attempt"), _("attempts")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="attempt_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}.{self.number}"

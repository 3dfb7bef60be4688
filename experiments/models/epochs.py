"""What a run brings while it trains: epochs with their scores, masks of probe images, usage."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experiments.models.checkpoints import Confusion
from experiments.models.runs import Attempt, Run
from models_zoo.metrics.table import METRICS
from segweb.http.plain import PlainJSONField


class Epoch(models.Model):
    """What one epoch of a run brought; scores are fractions, on val. One row for (run, number).

    The metrics that have a column are METRICS; `further` keeps every other one by name, those that
    joined the table of models_zoo later and those that it does not know. `recorded_at` is when the
    epoch ended, by the trainer's clock.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="epoch_rows")
    number = models.PositiveIntegerField()
    attempt = models.ForeignKey(Attempt, null=True, blank=True, on_delete=models.SET_NULL)
    loss = models.FloatField(null=True, blank=True)
    val_loss = models.FloatField(null=True, blank=True)
    lr = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    images_per_second = models.FloatField(null=True, blank=True)
    miou = models.FloatField(null=True, blank=True)
    train_miou = models.FloatField(null=True, blank=True)
    pixel_accuracy = models.FloatField(null=True, blank=True)
    mean_accuracy = models.FloatField(null=True, blank=True)
    per_class_iou = PlainJSONField(default=list)
    further = PlainJSONField(default=dict)
    confusion = models.OneToOneField(
        Confusion, null=True, blank=True, on_delete=models.SET_NULL, related_name="epoch"
    )
    # Where a script elsewhere counts steps: the one at which it validated.
    step = models.BigIntegerField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    METRICS: ClassVar[tuple[str, ...]]  # the metrics with a column, in the table's order

    class Meta:
        verbose_name, verbose_name_plural = _("epoch"), _("epochs")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="epoch_once")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.number}"


Epoch.METRICS = tuple(
    name for name in METRICS if name in {field.name for field in Epoch._meta.fields}
)


class Probe(models.Model):
    """The mask that an epoch gave one of the run's probe images: an indexed PNG in storage.

    The image itself is stored once a run, as `image`, and its true mask as `truth`.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="probes")
    epoch = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    file = models.FileField(max_length=300)

    class Meta:
        verbose_name, verbose_name_plural = _("probe mask"), _("probe masks")
        ordering = ["epoch", "name"]
        constraints = [models.UniqueConstraint(fields=["run", "epoch", "name"], name="probe_once")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.epoch} {self.name}"

    @property
    def image(self) -> str:
        """The storage key of the probe image (JPEG)."""
        return f"runs/{self.run_id}/images/{self.name}.jpg"

    @property
    def truth(self) -> str:
        """The storage key of its true mask (indexed PNG)."""
        return f"runs/{self.run_id}/truth/{self.name}.png"


class Usage(models.Model):
    """What the trainer used at one moment: shares of all processors and of the device, bytes."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="usage")
    at = models.DateTimeField(default=timezone.now)
    cpu = models.FloatField(help_text="processor cores in use")
    memory_bytes = models.PositiveBigIntegerField()
    gpu = models.FloatField(null=True, blank=True, help_text="share of the device, 0 to 1")
    gpu_memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("usage sample"), _("usage samples")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.run_id} at {self.at}"

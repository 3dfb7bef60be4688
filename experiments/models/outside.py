"""What scripts from elsewhere bring by a tracker's protocol: points of metrics, files, experiments.

Kept as they were told, so that the script reads back what it wrote; the epochs of a run follow from
the points (see experiments.records.points).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experiments.models.runs import Run
from segweb.http.plain import PlainJSONField


class Experiment(models.Model):
    """A name under which an account's scripts gather their runs; it is nobody else's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="experiments"
    )
    name = models.CharField(max_length=250)
    tags = PlainJSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("experiment"), _("experiments")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="experiment_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Series(models.Model):
    """A metric of a run by the name that its script gave it: where it stands, between what bounds.

    `step`, `at` (milliseconds since 1970) and `value` are those of its latest point, by step, then
    by time; `value` is None where that is no number. `low` and `high` leave such points out.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="series")
    name = models.CharField(max_length=250)
    step = models.BigIntegerField()
    at = models.BigIntegerField()
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    points = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("series"), _("series")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="series_name_once")]

    def __str__(self) -> str:
        return self.name


class Point(models.Model):
    """A value of a series at a step; None where it is no number. The same told twice is once."""

    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    step = models.BigIntegerField()
    at = models.BigIntegerField()
    value = models.FloatField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("point"), _("points")
        ordering = ["step", "at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["series", "step", "at", "value"], name="point_once")
        ]

    def __str__(self) -> str:
        return f"{self.series_id}:{self.step}"


class Artifact(models.Model):
    """A file that a script gave its run, by the path it chose; it lies in storage under another."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts")
    path = models.CharField(max_length=500)
    file = models.FileField(max_length=200)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("artifact"), _("artifacts")
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="artifact_path_once")]

    def __str__(self) -> str:
        return self.path

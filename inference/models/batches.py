"""Batches: many images through the same models, behind what somebody watches."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.models import Dataset
from inference.models.comparisons import Comparison, Scale, Shareable
from inference.models.jobs import InferenceJob
from segweb.http.plain import PlainJSONField


class Batch(Shareable):
    """Many images that are compared by the same checkpoints, whose keys are `model_keys`.

    `language` is the uploader's, in which items say what is wrong with
    them. `mask_dataset`: whose class ids the true masks use. `idempotency_key` is a digest of
    caller, request and Idempotency-Key header.
    """

    name = models.CharField(max_length=100, blank=True)
    model_keys = PlainJSONField()
    scale = models.CharField(max_length=5, choices=Scale.choices, default=Scale.MODEL)
    mask_dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=10, default="en")
    idempotency_key = models.CharField(max_length=64, null=True, blank=True, unique=True)

    class Meta:
        verbose_name, verbose_name_plural = _("batch"), _("batches")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def title(self) -> str:
        """Its name; when it was made, where earlier versions gave it none."""
        made = date_format(timezone.localtime(self.created_at), "SHORT_DATETIME_FORMAT")
        return self.name or gettext("Batch of %(made)s") % {"made": made}


class BatchItem(InferenceJob):
    """One uploaded file of a batch, which a worker makes an image and its comparison.

    `upload` and `mask` are the files as they came, of so many `bytes`; they go when the job ends.
    FAILED says in `error` what is wrong with them; the other items go on.
    """

    work = "inference.batches.unpacking:unpack"
    needs = ("batch__owner", "batch__mask_dataset")
    belongs_to = "batch"
    watched = models.Q(pk__in=[])  # none
    turn = 1  # before predictions of batches: files take memory and disk until they are unpacked

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    upload = models.FileField(max_length=200)
    mask = models.FileField(max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    comparison = models.OneToOneField(
        Comparison, null=True, blank=True, on_delete=models.SET_NULL, related_name="item"
    )

    class Meta(InferenceJob.Meta):
        verbose_name, verbose_name_plural = _("file of a batch"), _("files of batches")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def files(self) -> tuple[str, ...]:
        """The uploads, until the job has ended."""
        return () if self.ended else tuple(filter(None, (self.upload.name, self.mask.name)))

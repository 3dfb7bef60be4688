"""Data sets, checkpoints on offer, and what they scored."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, StrIndex
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experiments.models.privacy import readable
from models_zoo import catalogue
from segweb.http.plain import PlainJSONField

# The variant of what has no weights: masks that something else predicted, which were scored.
MASKS_ALONE = "masks"


class Dataset(models.Model):
    """A data set's classes and terms; pixels of `ignore_index` are void. The images live elsewhere.

    `classes` is a list of {"id", "name", "colour": "#rrggbb"}. `identity` is a hash of class names,
    `ignore_index` and content, None for a row of before that nobody has opened since.
    """

    # NULL, not "": a unique column takes any number of those.
    identity = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    slug = models.SlugField(unique=True, help_text=_("without hyphens"))
    title = models.CharField(max_length=200)
    classes = PlainJSONField(default=list)
    ignore_index = models.PositiveSmallIntegerField(null=True, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=500, blank=True)
    folder = models.CharField(max_length=200, blank=True, help_text=_("of an import, in storage"))
    shipped = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("data set"), _("data sets")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def class_names(self) -> list[str]:
        """The names of its classes, by id."""
        return [entry["name"] for entry in self.classes]


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    """Checkpoints as the pages and the API list them."""

    def offered(self) -> CheckpointQuerySet:
        """Those one can compare with: neither withdrawn nor replaced by newer weights.

        By data set in the order of the lineage, the networks that the catalogue lacks last.
        """
        # Where its key stands in one text of them all, backwards: 0, the last, where it does not.
        # To build a condition for each key took longer than the query.
        keys, comma = ",".join(reversed(catalogue())), Value(",")
        place = StrIndex(Value(f",{keys},"), Concat(comma, F("architecture"), comma))
        current = self.filter(withdrawn_at=None, superseded_at=None)
        current = current.exclude(variant=MASKS_ALONE)
        return current.order_by("dataset", place.desc(), "id")

    def visible_to(self, user: Any) -> CheckpointQuerySet:
        """All but those of runs that this account or visitor may not read."""
        return self.filter(models.Q(run=None) | readable(user, "run"))

    def with_dataset(self) -> CheckpointQuerySet:
        """With the data set, but for its classes: those of each row would be read anew."""
        return self.select_related("dataset").defer("dataset__classes")

    def with_scores(self) -> CheckpointQuerySet:
        """With data set and evaluations, in two queries for any number of rows."""
        return self.with_dataset().prefetch_related("evaluations")


class Checkpoint(models.Model):
    """A network's weights (a file in Django's storage) with the sidecar that explains them.

    on offer ──checkpoint_withdraw──▶ withdrawn ──checkpoint_restore──▶ on offer
    on offer | withdrawn ──other weights ship under its key──▶ superseded (kept for old predictions)
    """

    key = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    architecture = models.CharField(max_length=100)
    variant = models.CharField(max_length=50)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="checkpoints")
    # SET_NULL: published weights stay when their run is deleted.
    run = models.ForeignKey(
        "Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="checkpoints"
    )
    file = models.FileField(max_length=200)
    sidecar = PlainJSONField(default=dict)
    parameters = models.PositiveBigIntegerField()
    gmacs = models.FloatField(null=True, blank=True)
    shipped = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("checkpoint"), _("checkpoints")
        ordering = ["dataset", "id"]
        constraints = [
            # Superseded weights keep their key, since old predictions name it.
            models.UniqueConstraint(
                fields=["key"], condition=Q(superseded_at=None), name="checkpoint_key_in_use"
            ),
            # Equal runs make equal weights, each under a key of its own.
            models.UniqueConstraint(fields=["key", "sha256"], name="checkpoint_once"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def offered(self) -> bool:
        """Whether new comparisons may use it."""
        current = self.withdrawn_at is None and self.superseded_at is None
        return current and self.variant != MASKS_ALONE

    @property
    def classes(self) -> list[dict[str, Any]]:
        """The class list that the network's output channels follow."""
        return self.sidecar["classes"]

    @property
    def imported(self) -> bool:
        """Whether it was trained elsewhere, nobody here knows how."""
        return bool(self.sidecar.get("training", {}).get("imported"))

    @property
    def download_mb(self) -> int | None:
        """What its first use downloads; None where the weights are in storage."""
        return None if self.file else self.sidecar.get("download_mb")

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation to show first: on test where there is one, else the first."""
        evaluations = self.evaluations.all()
        return min(evaluations, key=lambda one: one.split != "test", default=None)

    @property
    def miou(self) -> float | None:
        """Mean IoU (a fraction) of `evaluation`; its passport says what it means."""
        shown = self.evaluation
        return shown.scores.get("miou") if shown else None


class Confusion(models.Model):
    """A K×K matrix of int64 pixel counts n_ij (truth i, predicted j), compressed."""

    num_classes = models.PositiveSmallIntegerField()
    counts = models.BinaryField()

    class Meta:
        verbose_name, verbose_name_plural = _("confusion matrix"), _("confusion matrices")

    def __str__(self) -> str:
        return f"{self.num_classes}×{self.num_classes}"

    @classmethod
    def pack(cls, matrix: Any) -> Confusion:
        """An unsaved row that holds `matrix` (anything of K×K integers)."""
        # Little-endian whatever the host: any other one may read the row.
        counts = np.asarray(matrix, dtype="<i8")
        return cls(num_classes=len(counts), counts=zlib.compress(counts.tobytes()))

    @property
    def matrix(self) -> np.ndarray:
        """The counts, K×K int64."""
        counts = np.frombuffer(zlib.decompress(self.counts), dtype="<i8")
        return counts.reshape(self.num_classes, self.num_classes)


class Evaluation(models.Model):
    """What a checkpoint scored on a split under a protocol.

    `protocol` is the passport (split and checkpoint hash, ignore index, absent-class rule,
    resolution, averaging, precision). Evaluations rank together only when split hash and
    `protocol_hash` (of the passport without the two hashes) are equal.
    `scores` are fractions: miou, per_class_iou, pixel_accuracy …
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="evaluations")
    split = models.CharField(max_length=50)
    split_hash = models.CharField(max_length=64)
    protocol = PlainJSONField(default=dict)
    protocol_hash = models.CharField(max_length=64)
    scores = PlainJSONField(default=dict)
    images = models.PositiveIntegerField(null=True, blank=True)
    confusion = models.OneToOneField(
        Confusion, null=True, blank=True, on_delete=models.SET_NULL, related_name="evaluation"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("evaluation"), _("evaluations")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "split", "split_hash", "protocol_hash"],
                name="evaluation_once_per_protocol",
            )
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.split}"


class ImageCounts(models.Model):
    """The pixels hit, true and predicted by class of every image of an evaluation, compressed.

    In a table of its own, so that no list of evaluations reads it.
    """

    evaluation = models.OneToOneField(
        Evaluation, on_delete=models.CASCADE, related_name="image_counts"
    )
    names = PlainJSONField()
    num_classes = models.PositiveSmallIntegerField()
    counts = models.BinaryField()

    class Meta:
        verbose_name, verbose_name_plural = _("counts of an evaluation"), _("counts of evaluations")

    def __str__(self) -> str:
        return f"{len(self.names)} images"

    @classmethod
    def pack(cls, evaluation: Evaluation, images: list[dict[str, Any]]) -> ImageCounts:
        """An unsaved row of what models_zoo counted: name, hits, truth, predicted of each."""
        table = np.array([[i["hits"], i["truth"], i["predicted"]] for i in images], dtype="<i8")
        return cls(
            evaluation=evaluation,
            names=[image["name"] for image in images],
            num_classes=table.shape[2],
            counts=zlib.compress(table.tobytes()),
        )

    @property
    def table(self) -> np.ndarray:
        """N×3×K int64: for each image the pixels hit, true and predicted, by class."""
        table = np.frombuffer(zlib.decompress(self.counts), dtype="<i8")
        return table.reshape(len(self.names), 3, self.num_classes)

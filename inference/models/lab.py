"""What is asked for on a finished comparison: ensembles, looks into a network, later scores."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from inference.models.comparisons import Comparison, Image, Prediction
from inference.models.jobs import InferenceJob
from segweb.http.plain import PlainJSONField


class Combine(models.TextChoices):
    """How an ensemble makes one probability of its members'."""

    MEAN = "mean", _("mean")
    PRODUCT = "product", _("product")


class Ensemble(InferenceJob):
    """Predictions of one comparison and class list, their full probabilities combined.

    `members`: [{"id", "weight"}], and once done "changed" (pixels), "better", "worse" (pixels, with
    a true mask) and "marginal" (mIoU lost without it). `recipe` names members, weights and combine:
    a comparison has each once.
    """

    work = "inference.lab.ensembling:combine"
    needs = ("comparison__image__mask_dataset",)
    belongs_to = "comparison"

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="ensembles")
    members = PlainJSONField()
    combine = models.CharField(max_length=7, choices=Combine.choices, default=Combine.MEAN)
    recipe = models.CharField(max_length=64)
    mask = models.FileField(max_length=200, blank=True)
    scores = PlainJSONField(null=True, blank=True)

    class Meta(InferenceJob.Meta):
        verbose_name, verbose_name_plural = _("ensemble"), _("ensembles")
        ordering = ["queued_at"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "recipe"], name="ensemble_once")
        ]

    def __str__(self) -> str:
        return f"{self.combine} {self.state}"

    @property
    def files(self) -> tuple[str, ...]:
        """The mask."""
        return tuple(filter(None, (self.mask.name,)))


class Inside(InferenceJob):
    """A look into the network of a prediction: its decoder's strip and, at a pixel, its field.

    `strip`: [{"name", "kind", "height", "width", "file"}]. `field`: {"heat" (a file), "box",
    "effective_side", "theoretical_side", "ratio"} in pixels of the image, where `place` names one
    as "x,y".
    """

    work = "inference.lab.looking:look"
    needs = ("prediction__comparison__image", "prediction__checkpoint")
    belongs_to = "prediction__comparison"

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="insides")
    place = models.CharField(max_length=21, blank=True)
    strip = PlainJSONField(default=list)
    field = PlainJSONField(null=True, blank=True)

    class Meta(InferenceJob.Meta):
        verbose_name, verbose_name_plural = _("look into a network"), _("looks into networks")
        ordering = ["queued_at"]
        constraints = [
            models.UniqueConstraint(fields=["prediction", "place"], name="inside_once_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.state}"

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The x and y whose field is looked for."""
        if not self.place:
            return None
        x, y = map(int, self.place.split(","))
        return x, y

    @property
    def files(self) -> tuple[str, ...]:
        """The strip's pictures and the heat map."""
        heat = [self.field["heat"]] if self.field else []
        return (*(entry["file"] for entry in self.strip), *heat)


class Scoring(InferenceJob):
    """The predictions of an image are scored, since its true mask came after them."""

    work = "inference.compare.scoring:score"
    needs = ("image__mask_dataset",)
    belongs_to = "image"

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="scorings")

    class Meta(InferenceJob.Meta):
        verbose_name, verbose_name_plural = _("late scoring"), _("late scorings")
        ordering = ["queued_at"]

    def __str__(self) -> str:
        return f"{self.image_id} {self.state}"

    @property
    def files(self) -> tuple[str, ...]:
        """None."""
        return ()

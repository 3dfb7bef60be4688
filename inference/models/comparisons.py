"""Images, comparisons and predictions."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experiments.models import Checkpoint, Dataset
from inference.models.jobs import InferenceJob
from segweb.http.plain import PlainJSONField
from segweb.jobs import ENDED, State


class Owned(models.Model):
    """Something of a signed-in user, or of an anonymous visitor (`visitor` names the session).

    What an anonymous visitor made is open to everyone who knows its id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )
    # 32 random bytes as secrets.token_urlsafe writes them.
    visitor = models.CharField(max_length=43, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


class Shareable(Owned):
    """What `share_token` opens read-only to everyone who has the link, until it is revoked."""

    # Null, not "", where there is none: many are not shared, and a token is one thing's.
    share_token = models.CharField(max_length=43, null=True, blank=True, unique=True)

    class Meta:
        abstract = True


class Image(Owned):
    """An uploaded image, stored as RGB PNG without metadata, with its true mask if one came along.

    `sha256` is that of the stored file, `name` what the uploader called it, `bytes` what image and
    mask take on the disk.
    """

    name = models.CharField(max_length=100, blank=True)
    file = models.FileField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField(default=0)
    mask = models.FileField(max_length=200, blank=True)
    mask_dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        verbose_name, verbose_name_plural = _("image"), _("images")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def folder(self) -> str:
        """The storage folder of the image and its mask."""
        return f"images/{self.pk}"


class Scale(models.TextChoices):
    """How networks see an image that is larger than what they know.

    `model` shrinks it to as many pixels as the network was trained on; `tiles` scores overlapping
    parts of it at full resolution.
    """

    MODEL = "model", _("at the model's scale")
    TILES = "tiles", _("in tiles")


class Comparison(Shareable):
    """One image seen through several checkpoints.

    `agreement` is what `inference.compare.agreement` found, kept once every prediction has ended.
    With a `batch` it is one of that, and waits behind those that somebody watches. `state` is
    derived from the predictions: DONE when every one ended and one is DONE, FAILED when none is.
    The link of its batch opens it too. `idempotency_key` is a digest of caller, request and
    Idempotency-Key header.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="comparisons")
    batch = models.ForeignKey(
        "inference.Batch",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="comparisons",
    )
    scale = models.CharField(max_length=5, choices=Scale.choices, default=Scale.MODEL)
    agreement = PlainJSONField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=64, null=True, blank=True, unique=True)

    class Meta:
        verbose_name, verbose_name_plural = _("comparison"), _("comparisons")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="comparison_by_owner"),
            models.Index(fields=["visitor", "-created_at"], name="comparison_by_visitor"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def ended(self) -> bool:
        """Whether nothing more will arrive (prefetch `predictions` for lists)."""
        return all(prediction.ended for prediction in self.predictions.all())

    @property
    def state(self) -> State:
        """QUEUED, RUNNING, DONE or FAILED (prefetch `predictions` for lists)."""
        states = {prediction.state for prediction in self.predictions.all()}
        if states <= set(ENDED):
            return State.DONE if State.DONE in states else State.FAILED
        return State.QUEUED if states == {State.QUEUED} else State.RUNNING


class Prediction(InferenceJob):
    """One checkpoint's mask of one image; states as in `segweb.jobs`.

    `mask` is an indexed PNG at the image's size; `top3` what `inference.images.masks` packs,
    or an npz of earlier versions. Times are milliseconds; `load_ms` is null when the
    network was warm. `scored_height` × `scored_width` is what the network saw, in tiles when it is
    `tiled`. `memory_bytes` is the most that weights and activations took at once. `scores` are
    those of `inference.images.truths`. `runtime` and `precision`: what computed it, and how; the
    same of both, of the same checkpoint and image, is the same mask. `download`: the share of
    weights that had to be fetched first. `tile` of `tiles` is what is being computed.
    """

    work = "inference.compare.predicting:predict"
    needs = ("comparison__image__mask_dataset", "checkpoint")
    afterwards = "inference.compare.predicting:settle"
    belongs_to = "comparison"
    watched = models.Q(comparison__batch=None)
    turn = 2
    network = "checkpoint"

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="predictions")
    # Superseded checkpoints are kept, since old predictions belong to them.
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="predictions")
    position = models.PositiveSmallIntegerField(default=0)
    mask = models.FileField(max_length=200, blank=True)
    top3 = models.FileField(max_length=200, blank=True)
    latency_ms = models.FloatField(null=True, blank=True)
    load_ms = models.FloatField(null=True, blank=True)
    scored_height = models.PositiveIntegerField(null=True, blank=True)
    scored_width = models.PositiveIntegerField(null=True, blank=True)
    tiled = models.BooleanField(default=False)
    memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    download = models.FloatField(null=True, blank=True)
    tile = models.PositiveIntegerField(null=True, blank=True)
    tiles = models.PositiveIntegerField(null=True, blank=True)
    device = models.CharField(max_length=50, blank=True)
    precision = models.CharField(max_length=10, blank=True)
    runtime = models.CharField(max_length=20, blank=True)
    scores = PlainJSONField(null=True, blank=True)

    class Meta(InferenceJob.Meta):
        verbose_name, verbose_name_plural = _("prediction"), _("predictions")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "checkpoint"], name="prediction_once_per_checkpoint"
            )
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.state}"

    @property
    def shrunk(self) -> bool:
        """Whether the network saw fewer pixels than the image has."""
        if not self.scored_width or not self.scored_height:
            return False
        image = self.comparison.image
        return self.scored_width < image.width or self.scored_height < image.height

    @property
    def downloading(self) -> bool:
        """Whether the worker is fetching the weights right now."""
        return self.state == State.RUNNING and self.download is not None and self.download < 1

    @property
    def files(self) -> tuple[str, ...]:
        """The mask and the likeliest classes."""
        return tuple(filter(None, (self.mask.name, self.top3.name)))

"""How batches look from outside, and what a request may say."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from experiments.models import Dataset
from inference.batches.files import IMAGES_MAX
from inference.batches.tiles import Tile, batch_progress, batch_tiles
from inference.models import Batch, Scale
from inference.rest import UrlField
from segweb.http.parsers import UploadField
from segweb.sentences import told


class BatchCreateSerializer(serializers.Serializer):
    """Images, or one zip of images with true masks, and the checkpoints to send them through."""

    files = serializers.ListField(
        child=UploadField(),
        min_length=1,
        max_length=IMAGES_MAX,
        help_text=_(
            "Up to 50 images, or one zip of them; in a zip, masks/NAME.png or NAME.mask.png is the "
            "true mask of NAME."
        ),
    )
    models = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text=_("Checkpoint keys, one field each; the shipped ones if none is given."),
    )
    scale = serializers.ChoiceField(choices=Scale.choices, default=Scale.MODEL)
    mask_dataset = serializers.SlugRelatedField(
        "slug", queryset=Dataset.objects.all(), required=False
    )
    name = serializers.CharField(max_length=100, required=False)


class ProgressSerializer(serializers.Serializer):
    """How many masks of how many have ended, `failed` ones among them; `refused`: images unread."""

    images = serializers.IntegerField()
    refused = serializers.IntegerField()
    failed = serializers.IntegerField()
    masks = serializers.IntegerField()
    masks_expected = serializers.IntegerField()
    ended = serializers.BooleanField()


class TileSerializer(serializers.Serializer):
    """One image of a batch; null until known.

    `disagreement` is the mean entropy of the models' votes in bits, `miou` the mean over models.
    """

    name = serializers.CharField(source="item.name")
    state = serializers.CharField()
    error = serializers.SerializerMethodField()
    comparison_url = serializers.SerializerMethodField()
    disagreement = serializers.FloatField(allow_null=True)
    miou = serializers.FloatField(allow_null=True)

    def get_error(self, tile: Tile) -> str | None:
        """A sentence."""
        return told(tile.error) if tile.error else None

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_comparison_url(self, tile: Tile) -> str | None:
        """Its comparison, with the masks."""
        if tile.comparison is None:
            return None
        request = self.context["request"]
        share = request.GET.get("share")
        return reverse(
            "inference-api:comparison",
            args=[tile.comparison.pk],
            request=request,
            query={"share": share} if share else None,
        )


class BatchLineSerializer(serializers.ModelSerializer):
    """A batch as lists show it."""

    url = UrlField("batch")
    results_url = UrlField("batch-results")
    models = serializers.ListField(source="model_keys", child=serializers.CharField())

    class Meta:
        model = Batch
        fields = ["id", "url", "name", "models", "scale", "results_url"]
        read_only_fields = fields


class BatchSerializer(BatchLineSerializer):
    """A batch with its images, in the order asked for."""

    progress = serializers.SerializerMethodField()
    images = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = ["id", "url", "name", "models", "scale", "progress", "results_url", "images"]
        read_only_fields = fields

    def to_representation(self, batch: Batch) -> dict[str, Any]:
        """The images are looked up once for both fields that need them."""
        sort = self.context["request"].GET.get("sort", "upload")
        self.tiles = batch_tiles(batch, sort=sort)
        return super().to_representation(batch)

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, batch: Batch) -> dict[str, Any]:
        """How far it is."""
        return ProgressSerializer(batch_progress(batch, self.tiles)).data

    @extend_schema_field(TileSerializer(many=True))
    def get_images(self, batch: Batch) -> list[dict[str, Any]]:
        """By `?sort=`: upload, disagreement or score."""
        return list(TileSerializer(self.tiles, many=True, context=self.context).data)

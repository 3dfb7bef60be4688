"""How checkpoints look from outside."""

from __future__ import annotations

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from experiments.models import Checkpoint, Dataset, NetworkImport
from experiments.serializers import ClassSerializer
from segweb.http.parsers import UploadField

Slug = serializers.SlugRelatedField  # of any model


class CheckpointSerializer(serializers.ModelSerializer):
    """A checkpoint on offer; `miou` is a fraction and `passport` says how it was measured.

    `download_mb`: what its first use downloads; null where the weights are here.
    """

    dataset: Slug = serializers.SlugRelatedField("slug", read_only=True)
    classes = ClassSerializer(many=True)
    miou = serializers.FloatField(allow_null=True)
    split = serializers.CharField(source="evaluation.split", default=None, allow_null=True)
    passport = serializers.DictField(source="evaluation.protocol", default=None, allow_null=True)
    download_mb = serializers.IntegerField(default=None, allow_null=True)

    class Meta:
        model = Checkpoint
        fields = ["id", "key", "architecture", "dataset", "variant", "classes"]
        fields += ["parameters", "gmacs", "miou", "split", "passport", "download_mb"]
        read_only_fields = fields


class SeenSerializer(serializers.Serializer):
    """A class of the mask that was tried, and the share of the picture that it takes."""

    name = serializers.CharField()
    share = serializers.FloatField()


class NetworkImportSerializer(serializers.ModelSerializer):
    """A network from elsewhere on its way: `key` is its checkpoint's once it is on offer.

    `seen` tells the classes of a mask that was tried, the largest first, which `picture_url` shows;
    `error` is a sentence.
    """

    url = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    key = serializers.CharField(source="checkpoint.key", default=None, allow_null=True)
    picture_url = serializers.SerializerMethodField()
    seen = SeenSerializer(many=True)

    class Meta:
        model = NetworkImport
        fields = ["id", "url", "name", "state", "error", "key", "picture_url", "seen"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, row: NetworkImport) -> str:
        """Where to ask how far it is."""
        return self._at("experiments-api:network-import", row)

    def get_error(self, row: NetworkImport) -> str | None:
        """What is wrong with the network."""
        return gettext(row.error) if row.error else None

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_picture_url(self, row: NetworkImport) -> str | None:
        """An image beside its mask."""
        return self._at("experiments:network-picture", row) if row.picture else None

    def _at(self, view: str, row: NetworkImport) -> str:
        return reverse(view, args=[row.pk], request=self.context["request"])


class NetworkUploadSerializer(serializers.Serializer):
    """An ONNX file, N×3×H×W to N×K×h×w logits or N×h×w class ids, and what it does not say itself.

    `dataset`: the slug of a data set whose classes it tells apart, or `classes`: JSON as in
    classes.json, or names, one a line, in the order of its channels. `mean`, `std`: three figures,
    as in 0.485,0.456,0.406. `order`: RGB or BGR. `input_size`: height,width. `score`: score it on
    that data set's images. Metadata of the file of these names count where nothing is said.
    """

    file = UploadField()
    name = serializers.CharField(max_length=40, required=False, allow_blank=True)
    dataset: Slug = Slug("slug", queryset=Dataset.objects.all(), required=False, allow_null=True)
    classes = serializers.CharField(max_length=100_000, required=False, allow_blank=True)
    mean = serializers.CharField(max_length=200, required=False, allow_blank=True)
    std = serializers.CharField(max_length=200, required=False, allow_blank=True)
    order = serializers.CharField(max_length=10, required=False, allow_blank=True)
    input_size = serializers.CharField(max_length=50, required=False, allow_blank=True)
    score = serializers.BooleanField(default=False)

"""How data sets look from outside, and what an import uploads."""

from __future__ import annotations

from rest_framework import serializers

from experiments.models import Dataset, Import
from experiments.serializers import ClassSerializer, QueuedSerializer
from segweb.http.parsers import UploadField


class DatasetSerializer(serializers.ModelSerializer):
    """A data set with its classes and terms."""

    classes = ClassSerializer(many=True)

    class Meta:
        model = Dataset
        fields = ["slug", "title", "classes", "ignore_index", "licence", "source"]


class ImportSerializer(QueuedSerializer):
    """A zipped data set on its way: `step` of `steps` files are unpacked, `error` is a sentence."""

    address = "experiments-api:import"
    dataset: serializers.SlugRelatedField = serializers.SlugRelatedField(
        "slug", read_only=True, allow_null=True
    )

    class Meta:
        model = Import
        fields = ["id", "url", "name", "state", "step", "steps", "error", "dataset"]
        read_only_fields = fields


class ImportUploadSerializer(serializers.Serializer):
    """A zipped data set, in a layout that models_zoo knows: docs/data-sets.md."""

    file = UploadField()

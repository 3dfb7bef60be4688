"""How data sets look from outside, and what an import uploads."""

from __future__ import annotations

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from experiments.models import Dataset, Import
from experiments.serializers import ClassSerializer
from segweb.http.parsers import UploadField


class DatasetSerializer(serializers.ModelSerializer):
    """A data set with its classes and terms."""

    classes = ClassSerializer(many=True)

    class Meta:
        model = Dataset
        fields = ["slug", "title", "classes", "ignore_index", "licence", "source"]


class ImportSerializer(serializers.ModelSerializer):
    """A zipped data set on its way: `step` of `steps` files are unpacked, `error` is a sentence."""

    url = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    dataset: serializers.SlugRelatedField = serializers.SlugRelatedField(
        "slug", read_only=True, allow_null=True
    )

    class Meta:
        model = Import
        fields = ["id", "url", "name", "state", "step", "steps", "error", "dataset"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, row: Import) -> str:
        """Where to ask how far it is."""
        return reverse("experiments-api:import", args=[row.pk], request=self.context["request"])

    def get_error(self, row: Import) -> str | None:
        """What is wrong with the data set."""
        return gettext(row.error) if row.error else None


class ImportUploadSerializer(serializers.Serializer):
    """A zipped data set, in a layout that models_zoo knows: docs/data-sets.md."""

    file = UploadField()

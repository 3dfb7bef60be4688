"""How data sets look from outside, and what an import uploads."""

from __future__ import annotations

from rest_framework import serializers

from experiments.models import Dataset
from experiments.serializers import ClassSerializer


class DatasetSerializer(serializers.ModelSerializer):
    """A data set with its classes and terms."""

    classes = ClassSerializer(many=True)

    class Meta:
        model = Dataset
        fields = ["slug", "title", "classes", "ignore_index", "licence", "source"]


class DatasetImportSerializer(serializers.Serializer):
    """A zipped data set, in the layout that models_zoo calls `folder`."""

    file = serializers.FileField(allow_empty_file=True)

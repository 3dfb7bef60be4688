"""How checkpoints and data sets look from outside."""

from __future__ import annotations

from rest_framework import serializers

from experiments.models import Checkpoint, Dataset


class ClassSerializer(serializers.Serializer):
    """One class of a data set."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField(help_text="#rrggbb")


class DatasetSerializer(serializers.ModelSerializer):
    """A data set with its classes and terms."""

    classes = ClassSerializer(many=True)

    class Meta:
        model = Dataset
        fields = ["slug", "title", "classes", "ignore_index", "licence", "source"]


class DatasetImportSerializer(serializers.Serializer):
    """A zipped data set, in the layout that models_zoo calls `folder`."""

    file = serializers.FileField(allow_empty_file=True)


class CheckpointSerializer(serializers.ModelSerializer):
    """A checkpoint on offer; `miou` is a fraction and `passport` says how it was measured.

    `download_mb`: what its first use downloads; null where the weights are here.
    """

    dataset = serializers.SlugRelatedField("slug", read_only=True)
    classes = ClassSerializer(many=True)
    miou = serializers.FloatField(allow_null=True)
    split = serializers.CharField(source="evaluation.split", default=None)
    passport = serializers.DictField(source="evaluation.protocol", default=None)
    download_mb = serializers.IntegerField(default=None, allow_null=True)

    class Meta:
        model = Checkpoint
        fields = ["id", "key", "architecture", "dataset", "variant", "classes"]
        fields += ["parameters", "gmacs", "miou", "split", "passport", "download_mb"]
        read_only_fields = fields

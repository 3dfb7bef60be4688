"""How checkpoints look from outside."""

from __future__ import annotations

from rest_framework import serializers

from experiments.models import Checkpoint
from experiments.serializers import ClassSerializer

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

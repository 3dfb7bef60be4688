"""How checkpoints look from outside."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from experiments.models import (
    FORMS,
    Checkpoint,
    Dataset,
    MasksImport,
    NetworkExport,
    NetworkImport,
)
from experiments.serializers import ClassSerializer, QueuedSerializer
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


class NetworkImportSerializer(QueuedSerializer):
    """A network from elsewhere on its way: `key` is its checkpoint's once it is on offer.

    `seen` tells the classes of a mask that was tried, the largest first, which `picture_url` shows;
    `error` is a sentence.
    """

    address = "experiments-api:network-import"
    key = serializers.CharField(source="checkpoint.key", default=None, allow_null=True)
    picture_url = serializers.SerializerMethodField()
    seen = SeenSerializer(many=True)

    class Meta:
        model = NetworkImport
        fields = ["id", "url", "name", "state", "error", "key", "picture_url", "seen"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_picture_url(self, row: NetworkImport) -> str | None:
        """An image beside its mask."""
        return self.at("experiments:network-picture", row) if row.picture else None


class NetworkExportSerializer(QueuedSerializer):
    """A checkpoint on its way out; `file_url` is the file once it is DONE, `error` a sentence.

    `size` is the one height and width that the file takes, null for any; `alike` the smallest share
    of pixels of one class in both masks of an image, by the file and by the network.
    """

    address = "experiments-api:network-export"
    model = serializers.CharField(source="checkpoint.key")
    file_url = serializers.SerializerMethodField()
    size = serializers.ListField(child=serializers.IntegerField(), allow_null=True)

    class Meta:
        model = NetworkExport
        fields = ["id", "url", "model", "form", "state", "error", "size", "alike", "file_url"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_file_url(self, row: NetworkExport) -> str | None:
        """The file."""
        return self.at("experiments:network-export-file", row) if row.file else None


class ExportAskedSerializer(serializers.Serializer):
    """A checkpoint's key, and the form that it is wanted in."""

    model = serializers.CharField(max_length=100)
    form = serializers.ChoiceField(list(FORMS.items()))


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


class MasksImportSerializer(QueuedSerializer):
    """Masks from elsewhere on their way: `step` of `steps` are counted, `error` is a sentence.

    `run` is the run that carries the score once it is there, `miou` a fraction.
    """

    address = "experiments-api:masks-import"
    run = serializers.IntegerField(source="checkpoint.run_id", default=None, allow_null=True)
    miou = serializers.FloatField(source="checkpoint.miou", default=None, allow_null=True)

    class Meta:
        model = MasksImport
        fields = ["id", "url", "name", "data", "split", "state", "step", "steps", "error"]
        fields += ["run", "miou"]
        read_only_fields = fields


class MasksUploadSerializer(serializers.Serializer):
    """A zip of PNGs of class ids, each called as its image: one for each image of a split.

    `name`: what predicted them. `dataset`: a slug of `datasets/`, or as the launch form names data.
    """

    file = UploadField()
    name = serializers.CharField(max_length=100)
    dataset = serializers.CharField(max_length=300)
    split = serializers.ChoiceField(["test", "val", "train"], default="test")

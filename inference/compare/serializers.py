"""How comparisons look from outside, and what a request may say."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from experiments.models import Dataset
from inference.images.serializers import ImageSerializer
from inference.models import Comparison, Prediction, Scale
from inference.rest import LaterUrlField, UrlField
from segweb.http.parsers import UploadField
from segweb.sentences import told


class ScoredSerializer(serializers.Serializer):
    """At which size the network saw the image: whole or in tiles, in fewer pixels or in all."""

    height = serializers.IntegerField(source="scored_height")
    width = serializers.IntegerField(source="scored_width")
    tiled = serializers.BooleanField()
    shrunk = serializers.BooleanField()


class PredictionSerializer(serializers.ModelSerializer):
    """One checkpoint's answer; null until known. `scores` need a true mask.

    `load_ms` is null when the network was warm; `gmacs` are 10⁹ multiply-adds at 360×480.
    `runtime` ("torch" or "openvino") and `precision` say what computed it.
    """

    model = serializers.CharField(source="checkpoint.key")
    parameters = serializers.IntegerField(source="checkpoint.parameters")
    gmacs = serializers.FloatField(source="checkpoint.gmacs", allow_null=True)
    scored = serializers.SerializerMethodField()
    mask_url = LaterUrlField("prediction-mask", when="mask")
    top3_url = LaterUrlField("prediction-mask", when="top3", **{"as": "top3"})
    error = serializers.SerializerMethodField()

    class Meta:
        model = Prediction
        fields = [
            "id",
            "model",
            "state",
            "latency_ms",
            "load_ms",
            "memory_bytes",
            "runtime",
            "precision",
            "parameters",
            "gmacs",
            "scored",
            "mask_url",
            "top3_url",
            "scores",
            "error",
        ]
        read_only_fields = fields

    @extend_schema_field(ScoredSerializer(allow_null=True))
    def get_scored(self, prediction: Prediction) -> dict[str, Any] | None:
        """Null until it was."""
        return ScoredSerializer(prediction).data if prediction.scored_width else None

    def get_error(self, prediction: Prediction) -> str | None:
        """A sentence in the reader's language."""
        return told(prediction.error) if prediction.error else None


class ComparisonSerializer(serializers.ModelSerializer):
    """A comparison; DONE when every prediction ended and one is DONE, FAILED when none is."""

    url = UrlField("comparison")
    image = ImageSerializer()
    predictions = PredictionSerializer(many=True)

    class Meta:
        model = Comparison
        fields = ["id", "url", "state", "scale", "image", "predictions"]
        read_only_fields = fields


class TruthPredictionSerializer(serializers.Serializer):
    """One prediction against the truth: fractions, then pixels (by class where they are lists).

    Null is what earlier versions did not count yet.
    """

    id = serializers.UUIDField()
    miou = serializers.FloatField(allow_null=True)
    pixel_accuracy = serializers.FloatField(allow_null=True)
    per_class_iou = serializers.ListField(
        child=serializers.FloatField(allow_null=True), allow_null=True
    )
    boundary_iou = serializers.FloatField(allow_null=True)
    right = serializers.IntegerField(allow_null=True)
    wrong = serializers.IntegerField(allow_null=True)
    ignored = serializers.IntegerField(allow_null=True)
    false = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    missed = serializers.ListField(child=serializers.IntegerField(), allow_null=True)


class TruthSerializer(serializers.Serializer):
    """Scores against the true mask, of the predictions that know its classes."""

    classes = serializers.ListField(child=serializers.DictField())
    ignore_index = serializers.IntegerField(allow_null=True)
    predictions = TruthPredictionSerializer(many=True)


class TruthUploadSerializer(serializers.Serializer):
    """The true mask of an image that came without one."""

    mask = UploadField()
    mask_dataset = serializers.SlugRelatedField(
        "slug",
        queryset=Dataset.objects.all(),
        help_text=_("The data set whose class ids the mask uses."),
    )


class SwapSerializer(serializers.Serializer):
    """One says `a_class` where the other says `b_class`, on this share of the image."""

    a_class = serializers.IntegerField()
    b_class = serializers.IntegerField()
    share = serializers.FloatField()


class PairSerializer(serializers.Serializer):
    """Two predictions: the share of pixels they agree on, and their most frequent swaps."""

    a = serializers.UUIDField()
    b = serializers.UUIDField()
    agreement = serializers.FloatField()
    swaps = SwapSerializer(many=True)


class GroupSerializer(serializers.Serializer):
    """Predictions of one class list, and the mean over pixels of their votes' entropy in bits.

    `disputed`: for each class, the share of pixels that some of them call so and others do not.
    """

    predictions = serializers.ListField(child=serializers.UUIDField())
    entropy_mean = serializers.FloatField()
    disputed = serializers.ListField(child=serializers.FloatField())


class AgreementSerializer(serializers.Serializer):
    """Where predictions agree; `entropy_mean` is that of the largest group."""

    pairs = PairSerializer(many=True)
    groups = GroupSerializer(many=True)
    entropy_mean = serializers.FloatField(allow_null=True)


@extend_schema_field(
    {"oneOf": [{"type": "string", "enum": ["all"]}, {"type": "array", "items": {"type": "string"}}]}
)
class ModelsField(serializers.Field):
    """Checkpoint keys, or "all"."""

    default_error_messages = {"invalid": _('Give a list of model keys, or "all".')}

    def to_internal_value(self, data: Any) -> list[str] | str:
        """The keys as they came."""
        is_list = isinstance(data, list) and data and all(isinstance(key, str) for key in data)
        # PostgreSQL refuses to look for NUL or half a surrogate pair; neither is printable.
        if data != "all" and not (is_list and all(map(str.isprintable, data))):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        """As it came."""
        return value


class ComparisonCreateSerializer(serializers.Serializer):
    """What to compare: an image by its id, through checkpoints by their keys."""

    image = serializers.UUIDField()
    models = ModelsField(default="all")
    scale = serializers.ChoiceField(
        choices=Scale.choices,
        default=Scale.MODEL,
        help_text=_("How an image larger than what a network knows is scored: shrunk, or in tiles"),
    )

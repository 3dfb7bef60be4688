"""How runs and their epochs look from outside, and what a request may say of them."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from experiments.models import Attempt, Epoch, Kind, Run
from experiments.records.configuration import FIELDS
from experiments.records.epochs import metrics_told
from models_zoo.training.config import TrainConfig, with_settings
from segweb.http.plain import json_read
from segweb.sentences import told

# What an integer column of PostgreSQL holds.
MOST_INT = 2**31 - 1
LAUNCHED = [(kind.value, kind.label) for kind in (Kind.TRAINED, Kind.EXTERNAL)]

Slug = serializers.SlugRelatedField  # of any model


class AttemptSerializer(serializers.ModelSerializer):
    """One try at a run: by whom, from when to when, how it ended, which epochs it recorded.

    `fallback` names damaged states, and the epoch and step of the one that it went on from.
    """

    fallback = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        model = Attempt
        fields = ["number", "owner", "started_at", "ended_at", "outcome", "exit_code"]
        fields += ["first_epoch", "last_epoch", "fallback"]
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer):
    """A run as lists show it; scores are fractions, on val."""

    url = serializers.HyperlinkedIdentityField("experiments-api:run")
    dataset: Slug = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    owner: Slug = serializers.SlugRelatedField("username", read_only=True, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    config = serializers.DictField(read_only=True)
    error = serializers.SerializerMethodField()
    parent = serializers.IntegerField(  # type: ignore[assignment]  # no attribute: a field
        source="parent.pk", default=None, read_only=True, allow_null=True
    )

    class Meta:
        model = Run
        fields = ["id", "url", "name", "kind", "state", "architecture", "variant", "dataset"]
        fields += ["data", "config", "epochs", "seed", "gpus", "epoch", "step", "steps"]
        fields += ["best_miou", "best_epoch", "last_miou", "owner", "group", "parent", "tags"]
        fields += [
            "notes",
            "private",
            "error",
            "created_at",
            "started_at",
            "ended_at",
            "disk_bytes",
        ]
        read_only_fields = fields

    def get_error(self, run: Run) -> str:
        """What ended it, in the reader's language; empty where nothing went wrong."""
        return told(run.error)


class RunDetailSerializer(RunSerializer):
    """A run with its tries, its surroundings, and the key of its best weights once on offer."""

    checkpoint = serializers.CharField(
        source="checkpoint.key", default=None, read_only=True, allow_null=True
    )
    environment = serializers.DictField(read_only=True)
    protocol = serializers.DictField(read_only=True)
    attempts = AttemptSerializer(many=True, read_only=True)

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "checkpoint", "environment", "protocol", "attempts"]
        read_only_fields = fields


class RunAnnotateSerializer(serializers.Serializer):
    """What people write about a run, and whether others read it."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), required=False)
    private = serializers.BooleanField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A form that does not name `private` says nothing of it; REST framework reads a no."""
        if "private" not in self.initial_data:
            given.pop("private", None)
        return given


class RunResumeSerializer(serializers.Serializer):
    """How long a run that goes on is to be trained, if longer than before."""

    epochs = serializers.IntegerField(required=False, min_value=1, max_value=MOST_INT)


class RunChangeSerializer(RunAnnotateSerializer):
    """What a clone changes. Every setting of models_zoo's TrainConfig may stand beside these."""

    architecture = serializers.CharField(max_length=100, required=False)
    variant = serializers.CharField(max_length=50, required=False, allow_blank=True)
    dataset = serializers.CharField(max_length=300, required=False)
    epochs = serializers.IntegerField(required=False, min_value=1, max_value=MOST_INT)
    seed = serializers.IntegerField(required=False, min_value=-MOST_INT, max_value=MOST_INT)
    gpus = serializers.IntegerField(required=False, min_value=1, max_value=64)
    pretrained = serializers.BooleanField(required=False)
    config = serializers.DictField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Gather the settings, whether they stand in `config` or beside it."""
        given = super().validate(given)
        given.pop("pretrained", None)
        beside = {name: self.initial_data[name] for name in FIELDS if name in self.initial_data}
        if isinstance(self.initial_data, QueryDict):
            # A form knows words only, as a command line does.
            words = self.initial_data.items()
            options = {name: word for name, word in words if name.startswith("options.")}
            beside = _worded(given.pop("config", {}) | beside | options)
        if beside or "config" in given:
            given["config"] = given.get("config", {}) | beside
        return given


def _worded(words: dict[str, str]) -> dict[str, Any]:
    """Settings that are written as words, as the values that they are."""
    plain = TrainConfig(architecture="", data="")
    try:
        config = with_settings(plain, [f"{name}={word}" for name, word in words.items()])
    except ValueError as fault:
        raise serializers.ValidationError({"config": [told(str(fault))]}) from fault
    given = {name.partition(".")[0] for name in words}
    return {name: value for name, value in config.to_json().items() if name in given}


class RunCreateSerializer(RunChangeSerializer):
    """What to train here, or what an external run reports of."""

    kind = serializers.ChoiceField(LAUNCHED, default=Kind.TRAINED.value)
    architecture = serializers.CharField(max_length=100)
    group = serializers.UUIDField(required=False, help_text="of runs that differ by their seed")


COUNTS = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}


@extend_schema_field(COUNTS)
class CountsField(serializers.JSONField):
    """K×K pixel counts, truth by row, prediction by column."""

    def to_internal_value(self, data: Any) -> Any:
        """As they came; in a form they are a text of JSON."""
        if not isinstance(data, str):
            return data
        try:
            return json_read(data)
        except ValueError:
            self.fail("invalid")


class EpochSerializer(serializers.ModelSerializer):
    """What one epoch brought; `confusion` are K×K pixel counts, where there are any.

    Further metrics stand beside these, each by its own name.
    """

    epoch = serializers.IntegerField(source="number", min_value=1)
    per_class_iou = serializers.ListField(
        child=serializers.FloatField(allow_null=True), required=False, max_length=256
    )
    confusion = serializers.SerializerMethodField()

    class Meta:
        model = Epoch
        fields = ["epoch", *Epoch.METRICS, "confusion", "recorded_at"]
        read_only_fields = fields

    def to_representation(self, epoch: Epoch) -> dict[str, Any]:
        """With whatever else was told of the epoch."""
        return super().to_representation(epoch) | epoch.further

    @extend_schema_field(COUNTS | {"nullable": True})
    def get_confusion(self, epoch: Epoch) -> list[list[int]] | None:
        """The counts, unless the request leaves them out."""
        counts = epoch.confusion if self.context.get("confusion", True) else None
        return counts.matrix.tolist() if counts else None


class EpochReportSerializer(serializers.ModelSerializer):
    """An epoch of an external run. With `confusion`, the scores are computed from it.

    Any other number, or list of numbers, is kept as a metric of that name.
    """

    epoch = serializers.IntegerField(source="number")
    per_class_iou = serializers.ListField(
        child=serializers.FloatField(allow_null=True), required=False, max_length=256
    )
    confusion = CountsField(required=False)

    class Meta:
        model = Epoch
        fields = ["epoch", *Epoch.METRICS, "confusion"]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take in the metrics that have no field here."""
        others = {name: self.initial_data[name] for name in self.initial_data.keys() - self.fields}
        return metrics_told(others) | given


class ConfusionSerializer(serializers.Serializer):
    """The confusion matrix of one epoch."""

    epoch = serializers.IntegerField()
    classes = serializers.ListField(child=serializers.CharField())
    counts = CountsField()

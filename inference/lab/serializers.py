"""How ensembles and looks into networks look from outside, and what a request may ask for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from inference.models import Combine, Ensemble, Inside
from inference.rest import LaterUrlField, UrlField
from segweb.sentences import told

MEMBERS_MAX = 64


class EnsembleCreateSerializer(serializers.Serializer):
    """Which of a comparison's predictions to combine; weights are equal unless given."""

    members = serializers.ListField(child=serializers.UUIDField(), max_length=MEMBERS_MAX)
    weights = serializers.ListField(
        child=serializers.FloatField(), max_length=MEMBERS_MAX, required=False
    )
    combine = serializers.ChoiceField(choices=Combine.choices, default=Combine.MEAN)


class MemberSerializer(serializers.Serializer):
    """A member: pixels that the ensemble changes of its mask, and with a true mask for what.

    `marginal` is the ensemble's mIoU minus that without this member.
    """

    id = serializers.UUIDField()
    weight = serializers.FloatField()
    changed = serializers.IntegerField(allow_null=True, default=None)
    better = serializers.IntegerField(allow_null=True, default=None)
    worse = serializers.IntegerField(allow_null=True, default=None)
    marginal = serializers.FloatField(allow_null=True, default=None)


class JobSerializer(serializers.ModelSerializer):
    """A job: null until known."""

    error = serializers.SerializerMethodField()

    def get_error(self, job: Any) -> str | None:
        """A sentence in the reader's language."""
        return told(job.error) if job.error else None


class EnsembleSerializer(JobSerializer):
    """An ensemble of a comparison's predictions; null until known."""

    url = UrlField("ensemble")
    mask_url = LaterUrlField("ensemble-mask", when="mask")
    members = MemberSerializer(many=True)

    class Meta:
        model = Ensemble
        fields = ["id", "url", "state", "error", "combine", "mask_url", "scores", "members"]
        read_only_fields = fields


class InsideCreateSerializer(serializers.Serializer):
    """A pixel of the image whose effective receptive field to find, if any."""

    x = serializers.IntegerField(required=False, min_value=0)
    y = serializers.IntegerField(required=False, min_value=0)


class ActivationSerializer(serializers.Serializer):
    """The strongest activation after one layer of the decoder, as a grey PNG."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["unpool", "deconv", "conv"])
    height = serializers.IntegerField()
    width = serializers.IntegerField()
    image_url = serializers.URLField()


class FieldSerializer(serializers.Serializer):
    """The effective receptive field, in pixels of the image, and theory's beside it.

    `box` is left, top, right, bottom and may exceed the image; with what sees all of it, `box`,
    `theoretical_side` and `ratio` are null. `heat_url`: grey PNG of the image's size, white = most.
    """

    heat_url = serializers.URLField()
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    effective_side = serializers.FloatField()
    theoretical_side = serializers.FloatField(allow_null=True)
    ratio = serializers.FloatField(allow_null=True)


class InsideSerializer(JobSerializer):
    """A look into a network: `strip` is empty where there is no decoder to look into."""

    url = UrlField("inside")
    strip = serializers.SerializerMethodField()
    field = serializers.SerializerMethodField()

    class Meta:
        model = Inside
        fields = ["id", "url", "state", "error", "strip", "field"]
        read_only_fields = fields

    @extend_schema_field(ActivationSerializer(many=True))
    def get_strip(self, inside: Inside) -> list[dict[str, Any]]:
        """In the order of computing."""
        shown = [
            entry | {"image_url": self._address("inside-strip", inside.pk, number)}
            for number, entry in enumerate(inside.strip, start=1)
        ]
        return list(ActivationSerializer(shown, many=True).data)

    @extend_schema_field(FieldSerializer(allow_null=True))
    def get_field(self, inside: Inside) -> dict[str, Any] | None:
        """Null without a pixel, and until it is known."""
        if inside.field is None:
            return None
        heat = self._address("inside-heat", inside.pk)
        return FieldSerializer(inside.field | {"heat_url": heat}).data

    def _address(self, name: str, *parts: Any) -> str:
        request = self.context["request"]
        share = request.GET.get("share")
        query = {"share": share} if share else None
        return reverse(f"inference-api:{name}", args=parts, request=request, query=query)

"""What of the tracking API several rooms show alike."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from segweb.jobs import Job
from segweb.sentences import told


class ClassSerializer(serializers.Serializer):
    """One class of a data set."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField(help_text="#rrggbb")

    def to_representation(self, entry: dict[str, Any]) -> dict[str, Any]:
        """As it is stored: field by field, classes would take half the time of a list of models."""
        return {name: entry[name] for name in ("id", "name", "colour")}


class QueuedSerializer(serializers.ModelSerializer):
    """Something that comes in or goes out, on its way."""

    url = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    address: ClassVar[str]  # the name of the view that tells how far it is

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, row: Job) -> str:
        """Where to ask how far it is."""
        return self.at(self.address, row)

    def get_error(self, row: Job) -> str | None:
        """What is wrong with it."""
        return told(row.error) if row.error else None

    def at(self, view: str, row: Job) -> str:
        """The whole address of a view of the row."""
        return reverse(view, args=[row.pk], request=self.context["request"])

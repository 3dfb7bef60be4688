"""What of the tracking API several rooms show alike."""

from __future__ import annotations

from rest_framework import serializers


class ClassSerializer(serializers.Serializer):
    """One class of a data set."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField(help_text="#rrggbb")

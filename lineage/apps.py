"""Tells Django of this app."""

from django.apps import AppConfig


class LineageConfig(AppConfig):
    """Architecture pages; no tables of its own."""

    name = "lineage"

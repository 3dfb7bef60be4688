"""Images, comparisons and predictions in the admin, to look at."""

from __future__ import annotations

from django.contrib import admin

from inference.models import Batch, BatchItem, Comparison, Ensemble, Image, Inside, Prediction
from segweb.admin import ReadOnlyAdmin


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    """Uploaded images."""

    list_display = ["id", "name", "owner", "width", "height", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["id", "name", "sha256"]


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    """Comparisons."""

    list_display = ["id", "image", "owner", "created_at"]
    list_select_related = ["image", "owner"]
    search_fields = ["id"]


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Predictions: where each stands, who works on it, what went wrong."""

    list_display = ["id", "checkpoint", "state", "attempt", "lease_owner", "latency_ms", "error"]
    list_filter = ["state", "device"]
    list_select_related = ["checkpoint"]
    search_fields = ["id", "comparison__id"]


@admin.register(Ensemble)
class EnsembleAdmin(ReadOnlyAdmin):
    """Ensembles: what was combined, where each stands."""

    list_display = ["id", "combine", "state", "attempt", "lease_owner", "error"]
    list_filter = ["state", "combine"]
    search_fields = ["id", "comparison__id"]


@admin.register(Inside)
class InsideAdmin(ReadOnlyAdmin):
    """Looks into networks: where each stands."""

    list_display = ["id", "prediction", "place", "state", "attempt", "lease_owner", "error"]
    list_filter = ["state"]
    list_select_related = ["prediction"]
    search_fields = ["id", "prediction__id"]


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches."""

    list_display = ["id", "name", "owner", "scale", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["id", "name"]


@admin.register(BatchItem)
class BatchItemAdmin(ReadOnlyAdmin):
    """Files of batches: where each stands, what is wrong with it."""

    list_display = ["id", "name", "batch", "state", "attempt", "error"]
    list_filter = ["state"]
    list_select_related = ["batch"]
    search_fields = ["id", "name", "batch__id"]

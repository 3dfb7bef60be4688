"""Images, comparisons and predictions in the admin, to look at.

A kind of job that says nothing here has the page of `segweb.admin.JobAdmin`.
"""

from __future__ import annotations

from django.contrib import admin

from inference.models import Batch, BatchItem, Comparison, Image, Prediction
from segweb.admin import JobAdmin, ReadOnlyAdmin, jobs_register


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
class PredictionAdmin(JobAdmin):
    """Predictions: where each stands, who works on it, what went wrong."""

    list_display = ["id", "checkpoint", "state", "attempt", "lease_owner", "latency_ms", "fault"]
    list_filter = ["state", "device"]
    list_select_related = ["checkpoint"]


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches."""

    list_display = ["id", "name", "owner", "scale", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["id", "name"]


@admin.register(BatchItem)
class BatchItemAdmin(JobAdmin):
    """Files of batches: where each stands, what is wrong with it."""

    list_display = ["id", "name", "batch", "state", "attempt", "fault"]
    list_select_related = ["batch"]
    search_fields = ["id", "name"]


jobs_register("inference")

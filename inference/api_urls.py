"""Addresses under /api/v1/ of images, comparisons and masks."""

from django.urls import path

from inference import api

app_name = "inference-api"
urlpatterns = [
    path("images/", api.Images.as_view(), name="images"),
    path("images/<uuid:pk>/file/", api.ImageFile.as_view(), name="image-file"),
    path("comparisons/", api.Comparisons.as_view(), name="comparisons"),
    path("comparisons/<uuid:pk>/", api.ComparisonDetail.as_view(), name="comparison"),
    path("predictions/<uuid:pk>/mask/", api.PredictionMask.as_view(), name="prediction-mask"),
]

"""Addresses under /api/v1/ of images, comparisons and masks."""

from django.urls import path

from inference import api

app_name = "inference-api"
urlpatterns = [
    path("images/", api.Images.as_view(), name="images"),
    path("images/<uuid:pk>/file/", api.ImageFile.as_view(), name="image-file"),
    path("images/<uuid:pk>/truth/", api.ImageTruth.as_view(), name="image-truth"),
    path("comparisons/", api.Comparisons.as_view(), name="comparisons"),
    path("comparisons/<uuid:pk>/", api.ComparisonDetail.as_view(), name="comparison"),
    path("comparisons/<uuid:pk>/truth/", api.ComparisonTruth.as_view(), name="comparison-truth"),
    path(
        "comparisons/<uuid:pk>/agreement/",
        api.ComparisonAgreement.as_view(),
        name="comparison-agreement",
    ),
    path("predictions/<uuid:pk>/mask/", api.PredictionMask.as_view(), name="prediction-mask"),
]

"""Addresses under /api/v1/ of images, comparisons and masks."""

from django.urls import path

from inference.batches import api as api_batches
from inference.compare import api
from inference.lab import api as api_lab

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
    path(
        "comparisons/<uuid:pk>/ensembles/",
        api_lab.Ensembles.as_view(),
        name="comparison-ensembles",
    ),
    path("ensembles/<uuid:pk>/", api_lab.EnsembleDetail.as_view(), name="ensemble"),
    path("ensembles/<uuid:pk>/mask/", api_lab.EnsembleMask.as_view(), name="ensemble-mask"),
    path("predictions/<uuid:pk>/insides/", api_lab.Insides.as_view(), name="prediction-insides"),
    path("insides/<uuid:pk>/", api_lab.InsideDetail.as_view(), name="inside"),
    path(
        "insides/<uuid:pk>/strip/<int:number>/",
        api_lab.InsideStrip.as_view(),
        name="inside-strip",
    ),
    path("insides/<uuid:pk>/heat/", api_lab.InsideHeat.as_view(), name="inside-heat"),
    path("batches/", api_batches.Batches.as_view(), name="batches"),
    path("batches/<uuid:pk>/", api_batches.BatchDetail.as_view(), name="batch"),
    path("batches/<uuid:pk>/results/", api_batches.BatchResults.as_view(), name="batch-results"),
]

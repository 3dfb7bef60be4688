"""Addresses under /api/v1/ of images, comparisons and masks."""

from django.urls import path

from inference.batches import api as batches
from inference.compare import api as compare
from inference.images import api as images
from inference.lab import api as lab
from inference.live import api as live

app_name = "inference-api"
urlpatterns = [
    path("images/", images.Images.as_view(), name="images"),
    path("images/<uuid:pk>/", images.ImageDetail.as_view(), name="image"),
    path("images/<uuid:pk>/file/", images.ImageFile.as_view(), name="image-file"),
    path("images/<uuid:pk>/truth/", images.ImageTruth.as_view(), name="image-truth"),
    path("comparisons/", compare.Comparisons.as_view(), name="comparisons"),
    path("comparisons/<uuid:pk>/", compare.ComparisonDetail.as_view(), name="comparison"),
    path(
        "comparisons/<uuid:pk>/truth/", compare.ComparisonTruth.as_view(), name="comparison-truth"
    ),
    path(
        "comparisons/<uuid:pk>/masks/", compare.ComparisonMasks.as_view(), name="comparison-masks"
    ),
    path(
        "comparisons/<uuid:pk>/agreement/",
        compare.ComparisonAgreement.as_view(),
        name="comparison-agreement",
    ),
    path("predictions/<uuid:pk>/mask/", compare.PredictionMask.as_view(), name="prediction-mask"),
    path(
        "comparisons/<uuid:pk>/ensembles/",
        lab.Ensembles.as_view(),
        name="comparison-ensembles",
    ),
    path("ensembles/<uuid:pk>/", lab.EnsembleDetail.as_view(), name="ensemble"),
    path("ensembles/<uuid:pk>/mask/", lab.EnsembleMask.as_view(), name="ensemble-mask"),
    path("predictions/<uuid:pk>/insides/", lab.Insides.as_view(), name="prediction-insides"),
    path("insides/<uuid:pk>/", lab.InsideDetail.as_view(), name="inside"),
    path(
        "insides/<uuid:pk>/strip/<int:number>/",
        lab.InsideStrip.as_view(),
        name="inside-strip",
    ),
    path("insides/<uuid:pk>/heat/", lab.InsideHeat.as_view(), name="inside-heat"),
    path("live/", live.Frames.as_view(), name="live"),
    path("batches/", batches.Batches.as_view(), name="batches"),
    path("batches/<uuid:pk>/", batches.BatchDetail.as_view(), name="batch"),
    path("batches/<uuid:pk>/results/", batches.BatchResults.as_view(), name="batch-results"),
]

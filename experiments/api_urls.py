"""Addresses under /api/v1/ of checkpoints, data sets and runs."""

from django.urls import path

from experiments.checkpoints import api as checkpoints
from experiments.datasets import api as datasets
from experiments.runs import api as runs
from experiments.runs import api_several as several

app_name = "experiments-api"
actions = {"stop": runs.RunStop, "resume": runs.RunResume, "clone": runs.RunClone}

urlpatterns = [
    path("models/", checkpoints.Models.as_view(), name="models"),
    path("models/imports/", checkpoints.NetworkImports.as_view(), name="network-imports"),
    path(
        "models/imports/<uuid:pk>/",
        checkpoints.NetworkImportDetail.as_view(),
        name="network-import",
    ),
    path("models/exports/", checkpoints.NetworkExports.as_view(), name="network-exports"),
    path(
        "models/exports/<uuid:pk>/",
        checkpoints.NetworkExportDetail.as_view(),
        name="network-export",
    ),
    path("models/masks/", checkpoints.MasksImports.as_view(), name="masks-imports"),
    path("models/masks/<uuid:pk>/", checkpoints.MasksImportDetail.as_view(), name="masks-import"),
    path("datasets/", datasets.Datasets.as_view(), name="datasets"),
    path("datasets/imports/<uuid:pk>/", datasets.ImportDetail.as_view(), name="import"),
    path("runs/", runs.Runs.as_view(), name="runs"),
    path("runs/tags/", several.RunsTag.as_view(), name="runs-tags"),
    path("runs/delete/", several.RunsDelete.as_view(), name="runs-delete"),
    path("runs/<int:pk>/", runs.RunDetail.as_view(), name="run"),
    *(path(f"runs/<int:pk>/{name}/", view.as_view()) for name, view in actions.items()),
    path("runs/<int:pk>/epochs/", runs.Epochs.as_view(), name="epochs"),
    path(
        "runs/<int:pk>/epochs/<int:number>/confusion/",
        runs.EpochConfusion.as_view(),
        name="epoch-confusion",
    ),
]

"""Addresses under /api/v1/ of checkpoints, data sets and runs."""

from django.urls import path

from experiments.checkpoints import api
from experiments.runs import api as run_api

app_name = "experiments-api"
actions = {"stop": run_api.RunStop, "resume": run_api.RunResume, "clone": run_api.RunClone}

urlpatterns = [
    path("models/", api.Models.as_view(), name="models"),
    path("datasets/", api.Datasets.as_view(), name="datasets"),
    path("runs/", run_api.Runs.as_view(), name="runs"),
    path("runs/<int:pk>/", run_api.RunDetail.as_view(), name="run"),
    *(path(f"runs/<int:pk>/{name}/", view.as_view()) for name, view in actions.items()),
    # A POST cannot be redirected to the address with the slash.
    *(path(f"runs/<int:pk>/{name}", view.as_view(schema=None)) for name, view in actions.items()),
    path("runs/<int:pk>/epochs/", run_api.Epochs.as_view(), name="epochs"),
    path(
        "runs/<int:pk>/epochs/<int:number>/confusion/",
        run_api.EpochConfusion.as_view(),
        name="epoch-confusion",
    ),
]

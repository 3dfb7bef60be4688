"""Addresses under /mlflow/, as MLflow's clients know them; none of them ends in a slash."""

from django.http import HttpResponse
from django.urls import path, re_path
from django.views.generic import RedirectView

from experiments.runs.mlflow import artifacts, experiments, runs
from experiments.runs.mlflow.protocol import endpoint, nothing_here

VERSION = "2.22.0"  # of MLflow's, whose protocol this is a part of
POST, GET = "POST", "GET"
ENDPOINTS = {
    "experiments/create": (POST, experiments.create),
    "experiments/get": (GET, experiments.get),
    "experiments/get-by-name": (GET, experiments.get_by_name),
    "experiments/search": (POST, experiments.search),
    "experiments/set-experiment-tag": (POST, experiments.tag),
    "runs/create": (POST, runs.create),
    "runs/get": (GET, runs.get),
    "runs/update": (POST, runs.update),
    "runs/delete": (POST, runs.delete),
    "runs/search": (POST, runs.search),
    "runs/log-metric": (POST, runs.log_metric),
    "runs/log-batch": (POST, runs.log_batch),
    "runs/log-parameter": (POST, runs.log_parameter),
    "runs/set-tag": (POST, runs.set_tag),
    "runs/delete-tag": (POST, runs.delete_tag),
    "metrics/get-history": (GET, runs.history),
    "artifacts/list": (GET, artifacts.listed),
    # Asked for whenever files are listed. Models are no part of this: there are none.
    "logged-models/search": (POST, lambda user, given: {"models": []}),
}
FILES = "api/2.0/mlflow-artifacts/artifacts"

urlpatterns = [
    # What a client prints at a run's end leads here, with a fragment for MLflow's own pages.
    path("", RedirectView.as_view(pattern_name="experiments:runs")),
    path("version", lambda request: HttpResponse(VERSION, content_type="text/plain")),
    path("health", lambda request: HttpResponse("OK", content_type="text/plain")),
    *(path(f"api/2.0/mlflow/{name}", endpoint(*how)) for name, how in ENDPOINTS.items()),
    path(FILES, artifacts.folder),
    path(f"{FILES}/<path:path>", artifacts.file),
    re_path(r"^[\s\S]+$", nothing_here),
]

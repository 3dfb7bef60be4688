"""Addresses under /api/v1/ of checkpoints and data sets."""

from django.urls import path

from experiments import api

app_name = "experiments-api"
urlpatterns = [
    path("models/", api.Models.as_view(), name="models"),
    path("datasets/", api.Datasets.as_view(), name="datasets"),
]

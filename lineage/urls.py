"""Addresses of the pages that explain."""

from django.urls import path

from lineage import views

app_name = "lineage"

urlpatterns = [
    path("architectures/", views.architectures, name="architectures"),
    path("architectures/<slug:key>/", views.architecture, name="architecture"),
    path("architectures/<slug:key>/<slug:name>.png", views.picture, name="picture"),
]

"""Addresses of the pages that explain."""

from django.urls import path

from lineage import views

app_name = "lineage"

urlpatterns = [
    path("lineage/", views.story, name="story"),
    path(
        "lineage/ablations/<slug:comparison>/<slug:side>/", views.ablation_picture, name="ablation"
    ),
    path("lineage/samples/<slug:sample>/<slug:which>.png", views.story_mask, name="mask"),
    path("architectures/", views.architectures, name="architectures"),
    path("architectures/<slug:key>/", views.architecture, name="architecture"),
    path("architectures/<slug:key>/<slug:name>.png", views.picture, name="picture"),
]

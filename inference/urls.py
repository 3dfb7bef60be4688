"""Addresses of the compare pages."""

from django.urls import path

from inference.batches import views as views_batches
from inference.compare import views

app_name = "inference"

urlpatterns = [
    path("", views.home, name="home"),
    path("history/", views.history, name="history"),
    path("models/", views.models, name="models"),
    path("s/<str:token>/", views.shared, name="shared"),
    path("c/<uuid:pk>/", views.comparison, name="comparison"),
    path("c/<uuid:pk>/again/", views.again, name="again"),
    path("c/<uuid:pk>/share/", views.share, name="share"),
    path("c/<uuid:pk>/unshare/", views.unshare, name="unshare"),
    path("c/<uuid:pk>/delete/", views.delete, name="delete"),
    path("c/<uuid:pk>/panes/<int:number>/", views.pane, name="pane"),
    path("batches/", views_batches.batches, name="batches"),
    path("batches/new/", views_batches.new, name="batch-new"),
    path("batches/<uuid:pk>/", views_batches.batch, name="batch"),
    path("batches/<uuid:pk>/delete/", views_batches.delete, name="batch-delete"),
    path("samples/<slug:name>.jpg", views.sample, name="sample"),
    path("images/<uuid:pk>/<slug:size>/", views.rendition, name="rendition"),
]

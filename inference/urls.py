"""Addresses of the compare pages."""

from django.urls import path

from inference.batches import views as batches
from inference.compare import history
from inference.compare import views as compare
from inference.images import views as images
from inference.live import views as live

app_name = "inference"

urlpatterns = [
    path("", compare.home, name="home"),
    path("history/", history.history, name="history"),
    path("history/delete/", history.ticked_delete, name="history-delete"),
    path("history/share/", history.ticked_share, name="history-share"),
    path("live/", live.live, name="live"),
    path("models/", compare.models, name="models"),
    path("s/<str:token>/", compare.shared, name="shared"),
    path("sb/<str:token>/", batches.shared, name="shared-batch"),
    path("c/<uuid:pk>/", compare.comparison, name="comparison"),
    path("c/<uuid:pk>/again/", compare.again, name="again"),
    path("c/<uuid:pk>/truth/", compare.truth, name="truth"),
    path("c/<uuid:pk>/share/", compare.share, name="share"),
    path("c/<uuid:pk>/unshare/", compare.unshare, name="unshare"),
    path("c/<uuid:pk>/delete/", compare.delete, name="delete"),
    path("c/<uuid:pk>/answer/", compare.answer, name="answer"),
    path("c/<uuid:pk>/panes/<int:number>/", compare.pane, name="pane"),
    path("batches/", batches.batches, name="batches"),
    path("batches/delete/", batches.ticked_delete, name="batches-delete"),
    path("batches/new/", batches.new, name="batch-new"),
    path("batches/<uuid:pk>/", batches.batch, name="batch"),
    path("batches/<uuid:pk>/share/", batches.share, name="batch-share"),
    path("batches/<uuid:pk>/unshare/", batches.unshare, name="batch-unshare"),
    path("batches/<uuid:pk>/delete/", batches.delete, name="batch-delete"),
    path("samples/<slug:name>.jpg", images.sample, name="sample"),
    path("images/unused/delete/", images.unused_delete, name="images-unused-delete"),
    path("images/<uuid:pk>/<slug:size>/", images.rendition, name="rendition"),
]

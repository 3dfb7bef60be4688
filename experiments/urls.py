"""Addresses of the tracking pages."""

from django.urls import path

from experiments.board.views import compare, curves, exports, leaderboard, table
from experiments.checkpoints import views as checkpoints
from experiments.datasets import views as datasets
from experiments.runs.views import actions, launch, run, several

app_name = "experiments"

urlpatterns = [
    path("runs/", table.page, name="runs"),
    path("runs/changes/", table.changes, name="changes"),
    path("runs/new/", launch.new, name="launch"),
    path("runs/new/preset/", launch.preset, name="preset"),
    path("runs/new/fit/", launch.fit, name="fit"),
    path("runs/preflight/<int:pk>/", launch.preflight, name="preflight"),
    path("runs/tags/", several.tags, name="runs-tags"),
    path("runs/delete/", several.delete, name="runs-delete"),
    path("runs/compare/", compare.page, name="compare"),
    path("runs/compare/curves/", compare.curves, name="compare-curves"),
    path("runs/export/<slug:what>.<slug:form>", exports.export, name="export"),
    path("runs/report/", exports.report, name="report"),
    path("runs/<int:pk>/", run.page, name="run"),
    path("runs/<int:pk>/head/", run.head, name="head"),
    path("runs/<int:pk>/results/", run.results, name="results"),
    path("runs/<int:pk>/curves/", curves.curves, name="curves"),
    path("runs/<int:pk>/epochs/<int:number>/", run.epoch, name="epoch"),
    path("runs/<int:pk>/usage/", curves.usage, name="usage"),
    path("runs/<int:pk>/log/", run.log, name="log"),
    path("runs/<int:pk>/series/", curves.series, name="series"),
    path("runs/<int:pk>/artifacts/<path:name>", run.artifact, name="artifact"),
    path("runs/<int:pk>/files/<path:name>", run.file, name="file"),
    path("runs/<int:pk>/stop/", actions.stop, name="stop"),
    path("runs/<int:pk>/resume/", actions.resume, name="resume"),
    path("runs/<int:pk>/delete/", actions.delete, name="delete"),
    path("runs/<int:pk>/note/", actions.note, name="note"),
    path("runs/<int:pk>/offer/", checkpoints.offer, name="offer"),
    path("models/import/", checkpoints.network_new, name="network-new"),
    path("models/exports/", checkpoints.export_new, name="network-exports"),
    path("models/exports/<uuid:pk>/", checkpoints.export, name="network-export"),
    path("models/exports/<uuid:pk>/file/", checkpoints.export_file, name="network-export-file"),
    path("models/imports/<uuid:pk>/", checkpoints.network, name="network-import"),
    path("models/imports/<uuid:pk>/picture.png", checkpoints.picture, name="network-picture"),
    path("models/masks/", checkpoints.masks_new, name="masks-new"),
    path("models/masks/<uuid:pk>/", checkpoints.masks, name="masks-import"),
    path("segweb_client.py", run.client, name="client"),
    path("leaderboard/", leaderboard.page, name="leaderboard"),
    path("datasets/", datasets.page, name="datasets"),
    path("datasets/one/", datasets.dataset, name="dataset"),
    path("datasets/<slug:split>/<int:number>.jpg", datasets.picture, name="dataset-picture"),
    path("datasets/imports/<uuid:pk>/", datasets.imported, name="import"),
]

"""One run: its page, and what the page asks for while it is open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from experiments.access import draws_charts, may_change, may_launch, reads_runs
from experiments.models import Artifact, Epoch, Probe, Run, Series
from experiments.queries import number_read
from experiments.records.files import LOG
from experiments.runs import segweb_client
from experiments.runs.brought import picture_kind, run_brought
from experiments.scores.metrics import drawings, epoch_figures
from experiments.scores.results import run_results
from segweb.http.answers.caching import ASKED_AGAIN, lasting
from segweb.templatetags.figures import term

LOG_PART = 50_000  # bytes of a log that are sent at once
# What of a run's folder is served, and as what.
FILES = {
    r"(images)/[^/]+\.jpg": "image/jpeg",
    r"(truth|masks|probes/\d+)/[^/]+\.png": "image/png",
    r"log\.txt|diff\.patch|events\.jsonl": "text/plain; charset=utf-8",
    r"audit\.json|best\.json|best\.evaluation\.json": "application/json",
}


def run_get(request: HttpRequest, pk: int) -> Run:
    """The run, with whom and what a page names; 404 when there is none for this reader."""
    return get_object_or_404(Run.objects.named_for(request.user), pk=pk)


@require_safe
@reads_runs
@draws_charts
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about a run."""
    run = run_get(request, pk)
    probes = Probe.objects.filter(run=run).values_list("name", flat=True).distinct()
    # Without a group a run stands alone, and nothing is told of others.
    others = Run.objects.visible_to(request.user)
    group = others.filter(group=run.group) if run.group else Run.objects.none()
    numbers = list(Epoch.objects.filter(run=run).values_list("number", flat=True))
    context = {
        **_head(request, run),
        **run_results(run),
        **run_brought(run),
        "has_series": Series.objects.filter(run=run).exists(),
        "probes": [Probe(run=run, name=name) for name in sorted(set(probes))],
        # Shipped runs of data sets that may not be passed on have masks alone.
        "pictured": default_storage.exists(f"{run.folder}/images"),
        "numbers": numbers,
        "drawings": drawings(),
        "last": max(0, len(numbers) - 1),
        "group": list(group.order_by("seed")),
    }
    return render(request, "experiments/runs/run.html", context)


def _head(request: HttpRequest, run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "look": run.look,
        "may_launch": may_launch(request.user),
        "may_change": may_change(request.user, run),
    }


@require_safe
@reads_runs
def head(request: HttpRequest, pk: int) -> HttpResponse:
    """State, progress and buttons; 204 while they look as they did (`?seen=`)."""
    run = run_get(request, pk)
    if run.look == request.GET.get("seen"):
        return HttpResponse(status=204)
    response = render(request, "experiments/runs/_head.html", _head(request, run))
    if run.ended:
        response["HX-Trigger"] = "run-over"
    return response


@require_safe
@reads_runs
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """What is there once a run has ended: checkpoints, scores, images, attempts."""
    run = run_get(request, pk)
    context = {**_head(request, run), **run_results(run)}
    return render(request, "experiments/runs/_results.html", context)


@require_safe
@reads_runs
def epoch(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """An epoch's confusion counts, and the addresses of its probe masks by image."""
    run = run_get(request, pk)
    row = get_object_or_404(run.epoch_rows.select_related("confusion"), number=number)
    masks = Probe.objects.filter(run=run, epoch=number)
    counts = row.confusion.matrix.tolist() if row.confusion else None
    classes = run.dataset.classes if run.dataset else []
    data = {
        "epoch": number,
        "classes": [entry | {"name": term(entry["name"])} for entry in classes]
        or [{"name": str(n)} for n in range(len(counts or ()))],
        "counts": counts,
        "figures": epoch_figures(row),
        "probes": {mask.name: file_url(run, str(mask.file)) for mask in masks},
    }
    return JsonResponse(data)


def file_url(run: Run, key: str) -> str:
    """Where a file of the run's folder is served."""
    return reverse("experiments:file", args=[run.pk, key.removeprefix(f"{run.folder}/")])


@require_safe
@reads_runs
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """The log from byte `?from=` on; without it, its last part."""
    run = run_get(request, pk)
    key = f"{run.folder}/{LOG}"
    size = default_storage.size(key) if default_storage.exists(key) else 0
    asked = request.GET.get("from")
    start = min(number_read(asked) or 0, size) if asked else max(0, size - LOG_PART)
    text = b""
    if size > start:
        with default_storage.open(key) as file:
            file.seek(start)
            text = file.read(LOG_PART)
    # A part may begin or end within a character.
    data = {"text": text.decode(errors="replace"), "next": start + len(text)}
    return JsonResponse(data | {"over": run.ended and start + len(text) >= size})


@require_safe
@reads_runs
def file(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """A file of the run's folder, of the kinds that are for people; 304 while it is the same."""
    run = run_get(request, pk)
    kind = next((kind for pattern, kind in FILES.items() if re.fullmatch(pattern, name)), None)
    key = f"{run.folder}/{name}"
    if kind is None or ".." in name or not default_storage.exists(key):
        raise Http404
    # Only images are shown in place: what somebody wrote is never a page of this site.
    download = not kind.startswith("image/")
    leaf = f"run{run.pk}-{name.rpartition('/')[2]}"

    def answer() -> FileResponse:
        opened = default_storage.open(key)
        return FileResponse(opened, as_attachment=download, filename=leaf, content_type=kind)

    # Whatever goes on, or is resumed, writes its files anew under the same names.
    changed, size = default_storage.get_modified_time(key), default_storage.size(key)
    return lasting(request, f"{key} {changed} {size}", answer, kept=ASKED_AGAIN)


@require_safe
@reads_runs
def artifact(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """A file that a script gave the run, by its path; only pictures are shown in place."""
    found = get_object_or_404(Artifact, run=run_get(request, pk), path=name)
    kind = picture_kind(name)
    leaf = f"run{pk}-{name.rpartition('/')[2]}"

    def answer() -> FileResponse:
        told = kind or "application/octet-stream"
        opened = default_storage.open(str(found.file))
        return FileResponse(opened, as_attachment=not kind, filename=leaf, content_type=told)

    # Each file lies under a name of its own; another one may take this path.
    return lasting(request, str(found.file), answer, kept=ASKED_AGAIN)


@require_safe
def client(request: HttpRequest) -> HttpResponse:
    """The module that reports a training to SegWeb, for anybody to download."""
    source = Path(segweb_client.__file__).read_text()
    answer = HttpResponse(source, content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="segweb_client.py"'
    return answer

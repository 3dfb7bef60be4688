"""The run table: searched, filtered, sorted, and kept up to date while someone looks at it."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from experiments.access import may_launch, reads_runs
from experiments.board.columns import COLUMNS
from experiments.board.table import NEWEST, RunsForm
from experiments.models import Run
from experiments.queries import number_read

PER_PAGE = 50
COLUMNS_KEY = "run_columns"
# Of a run by its row: to read them would take longer than all the others.
NOT_SHOWN = ("config", "environment", "protocol", "dataset__classes")


@require_safe
@reads_runs
def page(request: HttpRequest) -> HttpResponse:
    """A page of the runs that were asked for."""
    form = RunsForm(request.GET, reader=request.user)
    readable = Run.objects.visible_to(request.user)
    runs = Paginator(form.runs().defer(*NOT_SHOWN), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_columns(request),
        "form": form,
        "page": runs,
        "all_columns": COLUMNS,
        "sort": request.GET.get("sort", NEWEST),
        "filtered": bool(form.errors)
        or any(form.cleaned_data.get(name) for name in form.fields if name != "columns"),
        "may_launch": may_launch(request.user),
        "watched": _watched(runs.object_list),
        "newest": _newest(request),
        "disk_bytes": readable.aggregate(Sum("disk_bytes"))["disk_bytes__sum"],
    }
    return render(request, "experiments/board/table.html", context)


def _columns(request: HttpRequest) -> dict[str, Any]:
    """`columns` to show, and `shows`: of each by its name, whether; kept in this session."""
    names = request.GET.getlist("columns")
    if names and names != request.session.get(COLUMNS_KEY):
        request.session[COLUMNS_KEY] = names
    names = names or request.session.get(COLUMNS_KEY) or []
    shows = {c.name: c.name in names if names else c.initially for c in COLUMNS}
    return {"columns": [c for c in COLUMNS if shows[c.name]], "shows": shows}


def _newest(request: HttpRequest) -> int:
    return Run.objects.visible_to(request.user).aggregate(Max("pk"))["pk__max"] or 0


def _watched(runs: Any) -> str:
    """The runs that may still change, each with its look: what `changes` gets back."""
    return ",".join(f"{run.pk}:{run.look}" for run in runs if not run.ended)


@require_safe
@reads_runs
def changes(request: HttpRequest) -> HttpResponse:
    """The rows of `?seen=` that look different now, and whether there are runs after `?newest=`.

    204 when there is nothing to tell.
    """
    pairs = [pair.partition(":") for pair in request.GET.get("seen", "").split(",")]
    seen = {pk: look for text, _, look in pairs if (pk := number_read(text)) is not None}
    watched = Run.objects.visible_to(request.user).filter(pk__in=list(seen)[:PER_PAGE])
    runs = list(watched.select_related("dataset", "owner").defer(*NOT_SHOWN))
    changed = [run for run in runs if run.look != seen[run.pk]]
    gone = seen.keys() - {run.pk for run in runs}
    newest = request.GET.get("newest", "")
    known = number_read(newest)
    newer = known is not None and _newest(request) > known
    if not changed and not gone and (not newer or "told" in request.GET):
        return HttpResponse(status=204)
    context = {"changed": changed, "watched": _watched(runs)} | _columns(request)
    return render(
        request, "experiments/board/_changes.html", context | {"newest": newest, "newer": newer}
    )

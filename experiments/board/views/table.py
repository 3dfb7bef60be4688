"""The run table: searched, filtered, sorted, and kept up to date while someone looks at it."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from experiments.access import may_launch, reads_runs
from experiments.board.columns import COLUMNS, Column, columns_named
from experiments.board.table import NEWEST, RunsForm
from experiments.conditions import SIGNS, Condition
from experiments.fields import METRIC, OWN, SETTING, RunField, best_epochs, fields_offered
from experiments.models import Run
from experiments.queries import number_read

PER_PAGE = 50
COLUMNS_KEY = "run_columns"
# Of a run by its row: to read them would take longer than all the others.
NOT_SHOWN = ("environment", "protocol", "dataset__classes")
WRITTEN = ("field", "sign", "value")  # the form's fields that become a condition


@require_safe
@reads_runs
def page(request: HttpRequest) -> HttpResponse:
    """A page of the runs that were asked for."""
    if address := _address(request):
        return redirect(address)
    form = RunsForm(request.GET, reader=request.user)
    readable = Run.objects.visible_to(request.user)
    columns = columns_named(request.GET.getlist("columns"))
    asked = form.runs().defer(*NOT_SHOWN, *([] if any(c.field for c in columns) else ["config"]))
    runs = Paginator(asked, PER_PAGE).get_page(request.GET.get("page"))
    conditions, refused = form.conditions
    # A column that is shown has its box, too: without it the form would take it away.
    shown = [column.field for column in columns if column.field]
    settings, metrics = (
        list(dict.fromkeys([*fields, *(field for field in shown if field.name.startswith(of))]))
        for of, fields in zip((SETTING, METRIC), fields_offered(readable), strict=True)
    )
    context = {
        "form": form,
        "page": runs,
        **_shown(columns, runs),
        "all_columns": COLUMNS,
        "own": [RunField(name) for name in OWN],
        "settings": settings,
        "metrics": metrics,
        "signs": SIGNS.items(),
        "conditions": [(condition, _without(request, condition)) for condition in conditions],
        "refused": refused,
        "tags": _tags(readable),
        "sort": request.GET.get("sort", NEWEST),
        "filtered": form.filtered,
        "may_launch": may_launch(request.user),
        "watched": _watched(runs.object_list),
        "newest": _newest(request),
        "disk_bytes": readable.aggregate(Sum("disk_bytes"))["disk_bytes__sum"],
    }
    return render(request, "experiments/board/table.html", context)


def _address(request: HttpRequest) -> str:
    """The address that says all that the page shows; "" where this one does.

    Columns chosen before in this session are written into it, a new condition joins the others.
    """
    query = request.GET.copy()
    if "field" in query:
        if query.get("value", "").strip():
            query.appendlist("where", "".join(query.get(name, "") for name in WRITTEN))
        for name in (*WRITTEN, "page"):
            query.pop(name, None)
        for name in [name for name in query if not any(query.getlist(name))]:
            del query[name]
    if names := query.getlist("columns"):
        if names != request.session.get(COLUMNS_KEY):
            request.session[COLUMNS_KEY] = names
    elif COLUMNS_KEY in request.session:
        query.setlist("columns", request.session[COLUMNS_KEY])
    return "" if query == request.GET else f"{request.path}?{query.urlencode()}"


def _without(request: HttpRequest, condition: Condition) -> str:
    """The page's query without a condition."""
    query = request.GET.copy()
    kept = [text for text in query.getlist("where") if text != condition.text]
    query.setlist("where", kept)
    query.pop("page", None)
    return query.urlencode()


def _shown(columns: list[Column], runs: Any) -> dict[str, Any]:
    """What rows show: `columns`, in `shows` by name, in `fields` those of settings and metrics."""
    fields = [column for column in columns if column.field]
    return {
        "columns": columns,
        "shows": {column.name: True for column in columns},
        "fields": fields,
        "epochs": best_epochs(runs) if fields else {},
        # Of every row, and so written once.
        "compare": reverse("experiments:compare"),
        "better": _("Better?"),
    }


def _tags(readable: QuerySet[Run]) -> list[str]:
    """The tags that the newest runs have."""
    lists = readable.exclude(tags=[]).values_list("tags", flat=True)[:PER_PAGE]
    return sorted({tag for tags in lists for tag in tags})


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
    seen = {pk: look for text, _colon, look in pairs if (pk := number_read(text)) is not None}
    watched = Run.objects.visible_to(request.user).filter(pk__in=list(seen)[:PER_PAGE])
    runs = list(watched.select_related("dataset", "owner").defer(*NOT_SHOWN))
    changed = [run for run in runs if run.look != seen[run.pk]]
    gone = seen.keys() - {run.pk for run in runs}
    newest = request.GET.get("newest", "")
    known = number_read(newest)
    newer = known is not None and _newest(request) > known
    if not changed and not gone and (not newer or "told" in request.GET):
        return HttpResponse(status=204)
    columns = columns_named(request.GET.getlist("columns"))
    context = {"changed": changed, "watched": _watched(runs)} | _shown(columns, changed)
    return render(
        request, "experiments/board/_changes.html", context | {"newest": newest, "newer": newer}
    )

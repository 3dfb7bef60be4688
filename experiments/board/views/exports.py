"""Downloads of what was asked for: CSV, JSON, and a report that needs nothing else."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from experiments.access import reads_runs
from experiments.board.exports import FORMS, ROWS
from experiments.board.report import report_html
from experiments.board.table import RunsForm
from experiments.models import Run
from experiments.queries import numbers_named

MOST_REPORTED = 50


def runs_asked(request: HttpRequest) -> QuerySet[Run]:
    """The runs of `?run=`, or without it those that the run table's filters let through."""
    runs = RunsForm(request.GET, reader=request.user).runs()
    if "run" not in request.GET:
        return runs
    return runs.filter(pk__in=numbers_named(request, "run"))


@require_safe
@reads_runs
def export(request: HttpRequest, what: str, form: str) -> StreamingHttpResponse:
    """Runs, epochs or confusion matrices as CSV or JSON."""
    if what not in ROWS or form not in FORMS:
        raise Http404
    write, kind = FORMS[form]
    rows = ROWS[what](runs_asked(request), request.user)
    response = StreamingHttpResponse(write(rows), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="segweb-{what}.{form}"'
    return response


@require_safe
@reads_runs
def report(request: HttpRequest) -> HttpResponse:
    """The chosen runs as one HTML file."""
    if not request.GET.getlist("run"):
        return redirect("experiments:runs")
    runs = list(runs_asked(request)[:MOST_REPORTED])
    response = HttpResponse(report_html(runs=runs))
    response["Content-Disposition"] = 'attachment; filename="segweb-report.html"'
    return response

"""Several runs at once, chosen in the table: tagged, deleted. Each is a page before it is done."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from experiments.access import may_change, reads_runs
from experiments.models import Run
from experiments.queries import number_read
from experiments.runs.keeping import runs_delete, runs_tag

MOST = 500  # runs, which the query of an address holds
LONGEST_BACK = 8000  # no redirect may be much longer


def _chosen(request: HttpRequest, query: QueryDict) -> tuple[list[Run], list[Run]]:
    """The runs of `run`: those that this account may change, and the others."""
    numbers = [pk for text in query.getlist("run")[:MOST] if (pk := number_read(text)) is not None]
    runs = Run.objects.named_for(request.user).filter(pk__in=numbers)
    own: list[Run] = []
    others: list[Run] = []
    for run in runs:
        (own if may_change(request.user, run) else others).append(run)
    return own, others


def _back(query: QueryDict) -> str:
    """The table as it was filtered; what is no query of it does no harm there."""
    back = query.get("back", "")
    # Without it if need be: what was asked for is done by then.
    back = back if len(iri_to_uri(back)) <= LONGEST_BACK else ""
    return f"{reverse('experiments:runs')}?{back}"


@require_http_methods(["GET", "HEAD", "POST"])
@reads_runs
def tags(request: HttpRequest) -> HttpResponse:
    """Set tags of the chosen runs, and take tags that some of them have."""
    query = request.POST if request.method == "POST" else request.GET
    own, others = _chosen(request, query)
    refused: list[str] = []
    if request.method == "POST" and own:
        add = [tag for tag in query.get("add", "").split(",") if tag.strip()]
        remove = query.getlist("remove")
        try:
            if not add and not remove:
                raise ValidationError(_("Write a tag to add, or tick one to take off."))
            runs_tag(runs=own, add=add, remove=remove)
        except ValidationError as refusal:
            refused = refusal.messages
        else:
            text = ngettext("%d run is tagged anew.", "%d runs are tagged anew.", len(own))
            messages.success(request, text % len(own))
            return redirect(_back(query))
    context = {
        "own": own,
        "others": others,
        "known": sorted({tag for run in own for tag in run.tags}),
        "add": query.get("add", ""),
        "refused": refused,
        "back": query.get("back", ""),
        "address": _back(query),
    }
    return render(request, "experiments/runs/tags.html", context, status=422 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@reads_runs
def delete(request: HttpRequest) -> HttpResponse:
    """What of the chosen runs would be deleted and what not, and why; then the deleting."""
    query = request.POST if request.method == "POST" else request.GET
    own, others = _chosen(request, query)
    going = [run for run in own if not run.ended]
    if request.method == "POST" and own:
        going = runs_delete(runs=own)
        deleted = len(own) - len(going)
        text = ngettext("%d run is deleted.", "%d runs are deleted.", deleted) % deleted
        messages.success(request, text)
        for run in going:
            text = _("%(run)s #%(number)s goes on. Stop it first.")
            messages.warning(request, text % {"run": run, "number": run.pk})
        return redirect(_back(query))
    ended = [run for run in own if run.ended]
    context = {
        "ended": ended,
        "going": going,
        "others": others,
        "disk_bytes": sum(run.disk_bytes for run in ended),
        "private": any(run.private for run in ended),
        "shipped": any(run.kind == "shipped" for run in ended),
        "back": query.get("back", ""),
        "address": _back(query),
    }
    return render(request, "experiments/runs/delete.html", context)

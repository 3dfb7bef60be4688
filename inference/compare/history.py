"""One's own comparisons: found by name or model, and several ticked, to be deleted or shared."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from inference import access
from inference.compare import services
from inference.images.samples import samples_titled
from inference.lists import PER_PAGE, architectures_named, back, searched, ticked
from inference.models import Comparison, Prediction


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Newest first; `?q=` leaves those that have each of its words in their name or a model's."""
    found = _found(access.comparisons_own(request).filter(batch=None), searched(request))
    unused = access.images_unused(request).aggregate(images=Count("pk"), size=Sum("bytes"))
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "words": searched(request),
        "unused": unused,
    }
    return render(request, "inference/compare/history.html", context)


def _found(comparisons: QuerySet[Comparison], words: str) -> QuerySet[Comparison]:
    for word in words.split():
        architectures = architectures_named(word)
        by_it = Prediction.objects.filter(
            comparison=OuterRef("pk"), checkpoint__architecture__in=architectures
        )
        named = Q(image__name__icontains=word) | Q(image__name__in=samples_titled(word))
        comparisons = comparisons.filter(named | Exists(by_it))
    return comparisons


@require_POST
def ticked_delete(request: HttpRequest) -> HttpResponse:
    """Delete the ticked ones for good."""
    comparisons = _ticked(request)
    for comparison in comparisons:
        services.comparison_delete(comparison=comparison)
    count = len(comparisons)
    told = ngettext("%d comparison is deleted.", "%d comparisons are deleted.", count) % count
    return _back(request, told, comparisons)


@require_POST
def ticked_share(request: HttpRequest) -> HttpResponse:
    """Make a link for each of the ticked ones."""
    comparisons = _ticked(request)
    for comparison in comparisons:
        services.comparison_share(comparison=comparison)
    count = len(comparisons)
    told = ngettext(
        "%d comparison is shared: its link stands below it.",
        "%d comparisons are shared: their links stand below them.",
        count,
    )
    return _back(request, told % count, comparisons)


def _ticked(request: HttpRequest) -> list[Comparison]:
    # One that went meanwhile, in another tab, is no reason to leave the others as they are.
    return list(access.comparisons_own(request).filter(ticked(request), batch=None))


def _back(request: HttpRequest, told: str, comparisons: list[Comparison]) -> HttpResponse:
    """To the same page of the list, with what was searched for."""
    if comparisons:
        messages.success(request, told)
    else:
        messages.error(request, _("Nothing was ticked: tick comparisons first."))
    return back(request, "inference:history")

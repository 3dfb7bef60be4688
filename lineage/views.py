"""The pages that explain: the architectures in order, and each one alone."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from lineage.architectures import entries, known, papers
from models_zoo.descriptions import CORNERS, picture_path


@require_safe
def architectures(request: HttpRequest) -> HttpResponse:
    """Every architecture in the order of the lineage."""
    found = entries()
    context = {
        "papers": papers([entry for entry in found if not entry.architecture.published]),
        "published": [entry for entry in found if entry.architecture.published],
    }
    return render(request, "lineage/architectures.html", context)


@require_safe
def architecture(request: HttpRequest, key: str) -> HttpResponse:
    """One architecture; `?variant=slim` draws the narrower network."""
    found = entries()
    position = next((n for n, e in enumerate(found) if e.architecture.key == key), None)
    if position is None:
        raise Http404
    entry = found[position]
    variant = request.GET.get("variant", "full")
    if variant not in entry.variants:
        variant = next(iter(entry.variants), "")
    context = {
        "entry": entry,
        "variant": variant,
        "diagram": entry.diagram(variant) if variant else None,
        "path": entry.variants[variant]["path"] if variant else [],
        "before": found[position - 1] if position else None,
        "after": found[position + 1] if position + 1 < len(found) else None,
    }
    return render(request, "lineage/architecture.html", context)


@require_safe
@cache_control(max_age=86_400)
def picture(request: HttpRequest, key: str, name: str) -> FileResponse:
    """A picture of what align_corners changes."""
    if key not in known() or name not in CORNERS:
        raise Http404
    path = picture_path(key, name)
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")

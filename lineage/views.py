"""The pages that explain: the architectures in order, each one alone, the story in numbers."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from lineage.architectures import entries, known, papers
from lineage.story import stories
from models_zoo.study import stories as files
from models_zoo.study.descriptions import CORNERS, picture_path


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
    return _png(picture_path(key, name))


@require_safe
def story(request: HttpRequest) -> HttpResponse:
    """The lineage in numbers; `?data=camvid` on another data set than scenes."""
    found = stories()
    slug = request.GET.get("data", "")
    if slug not in found:
        slug = next(iter(found), "")
    context = {"stories": found, "slug": slug, "story": found.get(slug)}
    return render(request, "lineage/story.html", context)


@require_safe
@cache_control(max_age=3_600)
def story_mask(request: HttpRequest, slug: str, failure: str, which: str) -> FileResponse:
    """A mask of the best or worst network on a failure's sample."""
    found = stories().get(slug)
    if found is None or which not in files.WHICH or failure not in found.told.get("samples", {}):
        raise Http404
    return _png(files.picture_path(slug, failure, which))


def _png(path: Path) -> FileResponse:
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")

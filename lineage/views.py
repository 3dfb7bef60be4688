"""The pages that explain: the architectures in order, each one alone, the story in numbers."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lineage.architectures import by_paper, sheets
from lineage.claims import verdicts
from lineage.story import stories
from models_zoo.ablations import SIDES, verdicts_read
from models_zoo.ablations import picture_path as ablation_path
from models_zoo.networks.catalogue import catalogue, known, published
from models_zoo.study import stories as files
from models_zoo.study.descriptions import CORNERS, picture_path
from segweb.http.answers.caching import DAY_BY_ALL, lasting


@require_safe
def architectures(request: HttpRequest) -> HttpResponse:
    """Every architecture in the order of the lineage."""
    every = sheets(reader=request.user)
    context = {
        "papers": by_paper([sheet for sheet in every if sheet.architecture.key in catalogue()]),
        "published": [sheet for sheet in every if sheet.architecture.key in published()],
    }
    return render(request, "lineage/architectures.html", context)


@require_safe
def architecture(request: HttpRequest, key: str) -> HttpResponse:
    """One architecture; `?variant=slim` draws the narrower network."""
    every = sheets(reader=request.user)
    position = next((n for n, sheet in enumerate(every) if sheet.architecture.key == key), None)
    if position is None:
        raise Http404
    sheet = every[position]
    variant = request.GET.get("variant", "full")
    if variant not in sheet.variants:
        variant = next(iter(sheet.variants), "")
    context = {
        "sheet": sheet,
        "variant": variant,
        "diagram": sheet.diagram(variant) if variant else None,
        "before": every[position - 1] if position else None,
        "after": every[position + 1] if position + 1 < len(every) else None,
    }
    return render(request, "lineage/architecture.html", context)


@require_safe
def picture(request: HttpRequest, key: str, name: str) -> HttpResponseBase:
    """A picture of what align_corners changes."""
    # Only listed names become paths: nothing of an address reaches the disk.
    if key not in known() or name not in CORNERS:
        raise Http404
    return _picture(request, picture_path(key, name))


@require_safe
def story(request: HttpRequest) -> HttpResponse:
    """The lineage in numbers; `?data=camvid` on another data set than scenes."""
    by_slug = stories()
    slug = request.GET.get("data", "")
    if slug not in by_slug:
        slug = next(iter(by_slug), "")
    context = {"stories": by_slug, "slug": slug, "story": by_slug.get(slug)}
    told = verdicts_read()
    context |= {"verdicts": verdicts(told), "ablations": told}
    return render(request, "lineage/story.html", context)


@require_safe
def story_mask(request: HttpRequest, slug: str, failure: str, which: str) -> HttpResponseBase:
    """A mask of the best or worst network on a failure's sample."""
    shown = stories().get(slug)
    if shown is None or which not in files.WHICH or failure not in shown.told.get("samples", {}):
        raise Http404
    return _picture(request, files.picture_path(slug, failure, which))


@require_safe
def ablation_picture(request: HttpRequest, comparison: str, side: str) -> HttpResponseBase:
    """Of the image on which two arms differ most: itself, its truth, or the mask of one of them."""
    told = verdicts_read().get("comparisons", {}).get(comparison)
    if told is None or told["picture"] is None or side not in SIDES:
        raise Http404
    path = ablation_path(comparison, told["picture"]["index"], side)
    return _picture(request, path, f"image/{SIDES[side]}")


def _picture(request: HttpRequest, path: Path, kind: str = "image/png") -> HttpResponseBase:
    if not path.is_file():
        raise Http404
    told = path.stat()
    return lasting(
        request,
        f"{path} {told.st_mtime_ns} {told.st_size}",
        lambda: FileResponse(path.open("rb"), content_type=kind),
        kept=DAY_BY_ALL,
    )

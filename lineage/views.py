"""The pages that explain: the architectures in order, each one alone, the story in numbers."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inference.images.samples import sample_dataset, sample_images
from lineage.architectures import by_paper, sheets
from lineage.chapters import chapter_of
from lineage.claims import verdicts
from lineage.story import stories
from lineage.told import chapters_tell
from models_zoo.ablations import SIDES, verdicts_read
from models_zoo.ablations import picture_path as ablation_path
from models_zoo.networks.catalogue import catalogue, known, published
from models_zoo.study import stories as files
from models_zoo.study.descriptions import CORNERS, picture_path
from segweb.http.answers.caching import DAY_BY_ALL, lasting

DRAWN = "scenes"  # the chapters' data set: its scenes provoke each failure, its samples are ours
TRUTH = "truth"


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
        "chapter": chapter_of(key),
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
    """The lineage in chapters, then in numbers; `?data=camvid` on another data set than scenes."""
    by_slug = stories()
    slug = request.GET.get("data", "")
    if slug not in by_slug:
        slug = next(iter(by_slug), "")
    ablations, drawn = verdicts_read(), by_slug.get(DRAWN)
    context = {
        "stories": by_slug,
        "slug": slug,
        "story": by_slug.get(slug),
        "drawn": drawn,
        "chapters": chapters_tell(drawn, verdicts(ablations, drawn.entries if drawn else [])),
        "ablations": ablations,
        "classes": sample_dataset()["classes"],
    }
    return render(request, "lineage/story.html", context)


@require_safe
def story_mask(request: HttpRequest, sample: str, which: str) -> HttpResponseBase:
    """A sample's true mask, or that of an architecture which a chapter shows."""
    drawn = stories().get(DRAWN)
    if drawn is None or which not in (TRUTH, *drawn.told.get("masks", {}).get(sample, {})):
        raise Http404
    if which != TRUTH:
        return _picture(request, files.picture_path(DRAWN, sample, which))
    true = next((one.mask_path for one in sample_images() if one.name == sample), None)
    if true is None:
        raise Http404
    return _picture(request, true)


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

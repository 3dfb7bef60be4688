"""Smaller copies of images and samples, for the pages."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from inference import access
from inference.images.renditions import LONGEST, image_rendition, sample_thumbnail
from inference.images.samples import sample_images
from inference.images.services import image_delete_unused
from segweb.http.answers.caching import DAY_BY_ALL, KEPT_BY_ALL, lasting

MOST_AT_ONCE = 500


@require_POST
def unused_delete(request: HttpRequest) -> HttpResponse:
    """Delete one's images that are in no comparison: they count, and no page shows them."""
    images = list(access.images_unused(request)[:MOST_AT_ONCE])
    deleted = sum(image_delete_unused(image=image) for image in images)
    gone = ngettext("%d image is deleted.", "%d images are deleted.", deleted) % deleted
    messages.success(request, gone)
    return redirect("inference:history")


@require_safe
def rendition(request: HttpRequest, pk: UUID, size: str) -> HttpResponseBase:
    """A smaller copy of an image."""
    image = get_object_or_404(access.images_visible(request), pk=pk)
    if size not in LONGEST:
        raise Http404

    def answer() -> HttpResponseBase:
        try:
            drawn = image_rendition(image=image, size=size)
        except ValidationError as refusal:  # too much is being drawn, or this would take too long
            return HttpResponse(" ".join(refusal.messages), status=refusal.status)
        return FileResponse(drawn, content_type="image/jpeg")

    return lasting(request, f"{image.folder} {size} {LONGEST[size]}", answer)


@require_safe
def sample(request: HttpRequest, name: str) -> HttpResponseBase:
    """A sample's thumbnail; with `?v=` of what is in it, as pages ask for it, for ever."""
    entry = next((entry for entry in sample_images() if entry.name == name), None)
    if entry is None:
        raise Http404

    def answer() -> HttpResponse:
        return HttpResponse(sample_thumbnail(entry.image_path), content_type="image/jpeg")

    kept = KEPT_BY_ALL if request.GET.get("v") == entry.version else DAY_BY_ALL
    return lasting(request, f"sample {entry.version}", answer, kept=kept)

"""Smaller copies of images and samples, for the pages."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inference import access
from inference.images.renditions import LONGEST, image_rendition, sample_thumbnail
from inference.images.samples import sample_images


@require_safe
@cache_control(private=True, max_age=86_400)
def rendition(request: HttpRequest, pk: UUID, size: str) -> HttpResponseBase:
    """A smaller copy of an image."""
    image = get_object_or_404(access.images_visible(request), pk=pk)
    if size not in LONGEST:
        raise Http404
    try:
        drawn = image_rendition(image=image, size=size)
    except ValidationError as refusal:  # too much is being drawn, or this would take too long
        return HttpResponse(" ".join(refusal.messages), status=refusal.status)
    return FileResponse(drawn, content_type="image/jpeg")


@require_safe
@cache_control(max_age=86_400)
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """A sample's thumbnail."""
    for entry in sample_images():
        if entry.name == name:
            thumbnail = sample_thumbnail(entry.image_path)
            return HttpResponse(thumbnail, content_type="image/jpeg")
    raise Http404

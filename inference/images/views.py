"""Smaller copies of images and samples, for the pages."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inference import access
from inference.images.renditions import LONGEST, image_rendition, sample_thumbnail
from inference.images.samples import sample_images


@require_safe
@cache_control(private=True, max_age=86_400)
def rendition(request: HttpRequest, pk: UUID, size: str) -> HttpResponse:
    """A smaller copy of an image."""
    image = get_object_or_404(access.images_visible(request), pk=pk)
    if size not in LONGEST:
        raise Http404
    return HttpResponse(image_rendition(image=image, size=size), content_type="image/jpeg")


@require_safe
@cache_control(max_age=86_400)
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """A sample's thumbnail."""
    for entry in sample_images():
        if entry.name == name:
            thumbnail = sample_thumbnail(entry.image_path)
            return HttpResponse(thumbnail, content_type="image/jpeg")
    raise Http404

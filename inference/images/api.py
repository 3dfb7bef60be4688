"""REST: images go in, and are looked at."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference import access
from inference.images import downloads
from inference.images.serializers import (
    ImageSerializer,
    ImageUploadedSerializer,
    ImageUploadSerializer,
)
from inference.images.services import image_by_key, image_create, image_delete
from inference.images.upload_view import UploadView
from inference.models import Image
from inference.rest import FileView, OwnList
from segweb.http.answers.repeats import made_as, repeatable
from segweb.http.idempotency import made_under


class Images(OwnList, UploadView):
    """Upload an image, with its true mask where there is one; list one's own."""

    serializer_class = ImageSerializer

    def get_queryset(self) -> QuerySet[Image]:
        """The caller's own, newest first."""
        return access.images_own(self.request)

    def files_bytes_max(self) -> int:
        """An image and its mask."""
        return 2 * settings.UPLOAD_MAX_BYTES

    @extend_schema(request=ImageUploadSerializer, responses={201: ImageUploadedSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """JPEG, PNG, WebP, GIF or BMP; stored upright as RGB PNG without metadata."""
        form = ImageUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        pk, given = made_as(request), form.validated_data | access.maker(request)
        image = made_under(Image, pk, lambda: image_create(pk=pk, **given))
        shown = ImageUploadedSerializer(image, context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class ImageDetail(APIView):
    """One image, to be deleted."""

    permission_classes = [AllowAny]

    @extend_schema(
        responses={204: None},
        parameters=[OpenApiParameter("key", str, description="the upload's `delete_key`")],
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        """With every comparison that anybody made of it. Only by whoever uploaded it."""
        own = access.images_own(request).filter(pk=pk).first()
        image = own or image_by_key(pk=pk, key=request.GET.get("key", ""))
        if image is None:
            raise NotFound(_("There is no such image of yours."))
        image_delete(image=image)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImageFile(FileView):
    """The stored image."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """RGB PNG."""
        image = get_object_or_404(access.images_visible(request), pk=pk)
        return downloads.stored(request, image.file.name, "image/png", f"{image.pk}.png")


class ImageTruth(FileView):
    """The image's true mask."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Indexed PNG, pixel = class id of the mask's data set; 404 where none came along."""
        image = get_object_or_404(access.images_visible(request), pk=pk)
        if not image.mask:
            raise NotFound(_("This image has no true mask."))
        return downloads.stored(request, image.mask.name, "image/png", f"{image.pk}-truth.png")

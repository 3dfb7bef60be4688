"""REST: images go in, comparisons are made and watched, masks come out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from inference import access
from inference.compare import services
from inference.compare.serializers import (
    AgreementSerializer,
    ComparisonCreateSerializer,
    ComparisonSerializer,
    ImageSerializer,
    ImageUploadSerializer,
    TruthSerializer,
)
from inference.images import downloads, uploads
from inference.images.truths import comparison_truth
from inference.models import Comparison

FORM_BYTES = 2**20  # what a multipart form may need beside its two files
KEY_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class MayCompare(BasePermission):
    """Signed-in users, and anonymous visitors where ALLOW_ANONYMOUS says so."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Looking is decided by `inference.access`."""
        safe = request.method in SAFE_METHODS
        return safe or settings.ALLOW_ANONYMOUS or request.user.is_authenticated


class WriteThrottle(AnonRateThrottle):
    """Slows anonymous visitors down when they make things, not when they watch them."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Reading is free."""
        return request.method in SAFE_METHODS or super().allow_request(request, view)


class BatchThrottle(WriteThrottle):
    """A batch is much work and many bytes: fewer of them."""

    scope = "batch"


class AnyType(BaseContentNegotiation):
    """For addresses that serve one file: its type does not depend on the Accept header."""

    def select_parser(self, request: Request, parsers: list[Any]) -> Any:
        """No request has a body here."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: list[Any], *_: Any) -> Any:
        """Problems are JSON."""
        return renderers[0], renderers[0].media_type


def makers(request: Request) -> dict[str, Any]:
    """Whose the things are that this request makes."""
    owner = request.user if request.user.is_authenticated else None
    return {"owner": owner, "visitor": access.visitor_token(request)}


def idempotency_key(request: Request) -> str:
    """What names this request, so that sending it again is harmless; "" for none."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH:
        raise ValidationError(_("The Idempotency-Key is too long."))
    return key


class Images(APIView):
    """Upload an image, with its true mask where there is one."""

    permission_classes = [MayCompare]
    throttle_classes = [WriteThrottle]
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what says itself that it is too long, before a byte of it is read."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > 2 * settings.UPLOAD_MAX_BYTES + FORM_BYTES:
            raise uploads.UploadTooLarge(_("The upload is too large."))
        super().initial(request, *args, **kwargs)

    @extend_schema(request=ImageUploadSerializer, responses={201: ImageSerializer})
    def post(self, request: Request) -> Response:
        """JPEG, PNG, WebP, GIF or BMP; stored upright as RGB PNG without metadata."""
        form = ImageUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        image = services.image_create(**form.validated_data, **makers(request))
        shown = ImageSerializer(image, context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class ImageFile(APIView):
    """The stored image."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyType

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> FileResponse:
        """RGB PNG."""
        image = get_object_or_404(access.images_visible(request), pk=pk)
        return downloads.stored(image.file, "image/png", f"{image.pk}.png")


class ImageTruth(APIView):
    """The image's true mask."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyType

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> FileResponse:
        """Indexed PNG, pixel = class id of the mask's data set; 404 where none came along."""
        image = get_object_or_404(access.images_visible(request), pk=pk)
        if not image.mask:
            raise NotFound(_("This image has no true mask."))
        return downloads.stored(image.mask, "image/png", f"{image.pk}-truth.png")


class Comparisons(APIView):
    """Send an image through several models."""

    permission_classes = [MayCompare]
    throttle_classes = [WriteThrottle]
    parser_classes = [JSONParser]

    @extend_schema(
        request=ComparisonCreateSerializer,
        responses={202: ComparisonSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Accepted at once; the predictions arrive one by one under the comparison's address."""
        form = ComparisonCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        image = access.images_visible(request).filter(pk=form.validated_data["image"]).first()
        if image is None:
            raise ValidationError({"image": [_("There is no such image.")]})
        comparison = services.comparison_create(
            image=image,
            models=form.validated_data["models"],
            scale=form.validated_data["scale"],
            idempotency_key=idempotency_key(request),
            **makers(request),
        )
        fresh = access.comparisons_visible(request).get(pk=comparison.pk)
        shown = ComparisonSerializer(fresh, context={"request": request}).data
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class ComparisonDetail(generics.RetrieveAPIView):
    """One comparison with its predictions."""

    permission_classes = [AllowAny]
    serializer_class = ComparisonSerializer

    def get_queryset(self) -> QuerySet[Comparison]:
        """Those that the caller may see."""
        return access.comparisons_visible(self.request)


class ComparisonTruth(APIView):
    """What the predictions of a comparison score against the image's true mask."""

    permission_classes = [AllowAny]

    @extend_schema(responses=TruthSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Only predictions that are done and know the true mask's classes are listed."""
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        return Response(TruthSerializer(comparison_truth(comparison)).data)


class ComparisonAgreement(APIView):
    """Where the predictions of a comparison agree, which needs no truth."""

    permission_classes = [AllowAny]

    @extend_schema(responses=AgreementSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Among predictions that are done, within each list of classes."""
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        found = services.comparison_settle(comparison=comparison)
        return Response(AgreementSerializer(found).data)


class PredictionMask(APIView):
    """The mask of one prediction."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyType

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=list(downloads.MASK_FORMATS))],
        responses={
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, pk: UUID) -> FileResponse:
        """An indexed PNG (pixel = class id, palette = class colours), or another format of it.

        `ids`: gzipped uint8, H×W class ids. `top3`: gzipped uint8, 3×H×W classes, likeliest first,
        then 3×H×W probabilities (255 = 1.0). `npz`: the same for NumPy.
        """
        prediction = get_object_or_404(access.predictions_visible(request), pk=pk)
        if not prediction.mask:
            raise NotFound(_("There is no mask yet."))
        draw = downloads.MASK_FORMATS.get(request.GET.get("as", "png"))
        if draw is None:
            known = ", ".join(downloads.MASK_FORMATS)
            raise ValidationError({"as": [_("Known formats: %(known)s.") % {"known": known}]})
        return draw(prediction)

"""REST: comparisons are made and watched, masks come out."""

from __future__ import annotations

import json
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference import access
from inference.compare import services
from inference.compare.archive import masks_answer
from inference.compare.serializers import (
    AgreementSerializer,
    ComparisonCreateSerializer,
    ComparisonSerializer,
    TruthSerializer,
    TruthUploadSerializer,
)
from inference.comparisons import comparison_create
from inference.images import downloads
from inference.images.services import image_by_key
from inference.images.truths import comparison_truth
from inference.images.upload_view import UploadView
from inference.models import Comparison, Prediction
from inference.pace import WriteThrottle
from inference.rest import JSON_FILE, FileView, MayCompare, OwnList
from segweb.http.answers.caching import ASKED_AGAIN, lasting
from segweb.http.answers.repeats import repeatable
from segweb.http.parsers import JSONParser, idempotency_key


def _answered(comparisons: QuerySet[Comparison]) -> QuerySet[Comparison]:
    """With no more than an answer tells: whoever waits asks again every second."""
    # Sidecars and agreements are long JSON, and pages read the evaluations too.
    predictions = Prediction.objects.select_related("checkpoint").defer("checkpoint__sidecar")
    comparisons = comparisons.defer("agreement").prefetch_related(None)
    return comparisons.prefetch_related(Prefetch("predictions", predictions))


class Comparisons(OwnList):
    """Send an image through several models; list one's own comparisons."""

    serializer_class = ComparisonSerializer
    permission_classes = [MayCompare]
    throttle_classes = [WriteThrottle]
    parser_classes = [JSONParser]

    def get_queryset(self) -> QuerySet[Comparison]:
        """The caller's own, newest first; those of batches too."""
        return _answered(access.comparisons_own(self.request))

    @extend_schema(
        request=ComparisonCreateSerializer,
        responses={202: ComparisonSerializer},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Accepted at once; the predictions arrive one by one under the comparison's address."""
        form = ComparisonCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        image = access.images_visible(request).filter(pk=form.validated_data["image"]).first()
        if image is None:
            # Another's image is answered like none, so that ids cannot be tried out.
            raise ValidationError({"image": [_("There is no such image.")]})
        comparison = comparison_create(
            image=image,
            models=form.validated_data["models"],
            scale=form.validated_data["scale"],
            idempotency_key=idempotency_key(request),
            **access.maker(request),
        )
        # With its rows in two queries; those just inserted would be looked up one by one.
        fresh = _answered(access.comparisons_visible(request)).get(pk=comparison.pk)
        shown = ComparisonSerializer(fresh, context={"request": request}).data
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class ComparisonDetail(generics.RetrieveAPIView):
    """One comparison with its predictions."""

    permission_classes = [AllowAny]
    serializer_class = ComparisonSerializer

    def get_queryset(self) -> QuerySet[Comparison]:
        """Those that the caller may see."""
        return _answered(access.comparisons_visible(self.request))


class ComparisonTruth(UploadView):
    """What the predictions of a comparison score against the image's true mask."""

    def files_bytes_max(self) -> int:
        """A mask."""
        return settings.UPLOAD_MAX_BYTES

    @extend_schema(responses=TruthSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Only predictions that are done and know the true mask's classes are listed."""
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        return Response(TruthSerializer(comparison_truth(comparison)).data)

    @extend_schema(
        request=TruthUploadSerializer,
        responses={202: TruthSerializer},
        parameters=[OpenApiParameter("key", str, description="the upload's `delete_key`")],
    )
    @repeatable
    def post(self, request: Request, pk: UUID) -> Response:
        """Add the true mask that the image came without; only by whoever uploaded the image.

        Scores are there once a worker has counted.
        """
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        own = access.images_own(request).filter(pk=comparison.image_id).first()
        keyed = image_by_key(pk=comparison.image_id, key=request.GET.get("key", ""))
        if not (own or keyed):
            raise NotFound(_("There is no such image of yours."))
        form = TruthUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.comparison_truth_add(comparison=comparison, **form.validated_data)
        found = TruthSerializer(comparison_truth(comparison)).data
        return Response(found, status=status.HTTP_202_ACCEPTED)


class ComparisonAgreement(APIView):
    """Where the predictions of a comparison agree, which needs no truth."""

    permission_classes = [AllowAny]
    further_problems = (412, 413)

    @extend_schema(responses=AgreementSerializer)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Among predictions that are done, within each list of classes."""
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        agreement = services.comparison_settle(comparison=comparison)
        told = AgreementSerializer(agreement).data
        # Named by what is in it, and asked for again: later versions tell more of the same masks.
        return lasting(request, json.dumps(told), lambda: Response(told), kept=ASKED_AGAIN)


class ComparisonMasks(FileView):
    """The masks of a comparison in one file."""

    further_problems = ()

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """A zip of those that are there: indexed PNGs, named by image and checkpoint."""
        return masks_answer(get_object_or_404(access.comparisons_visible(request), pk=pk))


class PredictionMask(FileView):
    """The mask of one prediction."""

    further_problems = (412, 413)

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=list(downloads.MASK_FORMATS))],
        responses={
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "application/json"): JSON_FILE,
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (200, "application/zip"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """An indexed PNG (pixel = class id, palette = class colours), or another format of it.

        `ids`: gzipped uint8, H×W class ids. `top3`: gzipped uint8, 3×H×W classes, likeliest first,
        then 3×H×W probabilities (255 = 1.0). `npz`: the same for NumPy. `label_studio`, `cvat` and
        `yolo`: as these tools import them.
        """
        prediction = get_object_or_404(access.predictions_visible(request), pk=pk)
        if not prediction.mask:
            raise NotFound(_("There is no mask yet."))
        draw = downloads.MASK_FORMATS.get(request.GET.get("as", "png"))
        if draw is None:
            known = ", ".join(downloads.MASK_FORMATS)
            raise ValidationError({"as": [_("Known formats: %(known)s.") % {"known": known}]})
        return draw(request, prediction)

"""REST: batches of many images."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from inference import access
from inference.batches import services
from inference.batches.files import batch_bytes_max
from inference.batches.results import results_coco, results_export, results_zip
from inference.batches.serializers import (
    BatchCreateSerializer,
    BatchLineSerializer,
    BatchSerializer,
)
from inference.batches.tiles import SORTS, batch_tiles
from inference.images.upload_view import UploadView
from inference.images.uploads import clean_name
from inference.models import Batch
from inference.pace import BatchThrottle
from inference.rest import JSON_FILE, FileView, OwnList
from models_zoo.data.labelling.export import EXPORTS
from segweb.http.answers.caching import NEVER
from segweb.http.answers.repeats import repeatable
from segweb.http.parsers import idempotency_key

FORMS = ("zip", "coco", *EXPORTS)


def results(batch: Batch, kind: str, model: str) -> HttpResponseBase:
    """The results of a batch as a file, one of FORMS; all but `zip` are of one model."""
    # Files are numbered in this order, whatever a page is sorted by.
    tiles = batch_tiles(batch, sort="upload")
    if kind == "zip":
        name = f"batch-{batch.pk}.zip"
        response: HttpResponseBase = FileResponse(
            results_zip(tiles), content_type="application/zip", filename=name, as_attachment=True
        )
    elif kind in FORMS:
        model = model or batch.model_keys[0]
        if model not in batch.model_keys:
            known = ", ".join(batch.model_keys)
            raise ValidationError({"model": [_("This batch has: %(known)s.") % {"known": known}]})
        # The files of a batch's models lie beside each other; a key is no path (`clean_name`).
        name = f"batch-{batch.pk}-{clean_name(model)}"
        if kind == "coco":
            pieces: Any = results_coco(tiles, model)
            name, content_type = f"{name}.json", "application/json"
        else:
            pieces = results_export(tiles, model, kind)
            name, content_type = f"{name}-{kind}.{EXPORTS[kind].ending}", EXPORTS[kind].kind
        response = StreamingHttpResponse(pieces, content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    else:
        raise ValidationError(
            {"as": [_("Known formats: %(known)s.") % {"known": ", ".join(FORMS)}]}
        )
    response["X-Content-Type-Options"] = "nosniff"
    # Unlike a mask, results change while the batch goes on.
    response["Cache-Control"] = NEVER
    return response


class Batches(OwnList, UploadView):
    """Send many images through several models; list one's own batches."""

    serializer_class = BatchLineSerializer
    throttle_classes = [BatchThrottle]

    def get_queryset(self) -> QuerySet[Batch]:
        """The caller's own, newest first."""
        return access.batches_own(self.request)

    def files_bytes_max(self) -> int:
        """All images of a batch."""
        return batch_bytes_max()

    @extend_schema(
        request=BatchCreateSerializer,
        responses={202: BatchSerializer},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Accepted at once; behind everything that somebody watches, images are done one by one."""
        form = BatchCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        batch = services.batch_create(
            **{"models": "all", **form.validated_data},
            idempotency_key=idempotency_key(request),
            **access.maker(request),
        )
        shown = BatchSerializer(batch, context={"request": request}).data
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


@extend_schema_view(get=extend_schema(parameters=[OpenApiParameter("sort", str, enum=list(SORTS))]))
class BatchDetail(generics.RetrieveDestroyAPIView):
    """One batch: how far it is, and its images."""

    permission_classes = [AllowAny]
    serializer_class = BatchSerializer

    def get_queryset(self) -> QuerySet[Batch]:
        """Those that the caller may see; to delete, the caller's own."""
        if self.request.method == "DELETE":
            return access.batches_own(self.request)
        return access.batches_visible(self.request)

    def perform_destroy(self, instance: Batch) -> None:
        """With everything that was made of it."""
        services.batch_delete(batch=instance)


class BatchResults(FileView):
    """The results of a batch, as far as it is."""

    further_problems = ()

    @extend_schema(
        parameters=[
            OpenApiParameter("as", str, enum=list(FORMS)),
            OpenApiParameter("model", str, description=_("whose masks, for all but zip")),
        ],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (200, "application/json"): JSON_FILE,
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """A zip of masks with results.csv, or one model's masks as COCO or for a labelling tool."""
        batch = get_object_or_404(access.batches_visible(request), pk=pk)
        return results(batch, request.GET.get("as", "zip"), request.GET.get("model", ""))

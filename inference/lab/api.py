"""REST: ensembles of a comparison's predictions, and looks into their networks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference import access
from inference.images import downloads
from inference.lab import services
from inference.lab.serializers import (
    EnsembleCreateSerializer,
    EnsembleSerializer,
    InsideCreateSerializer,
    InsideSerializer,
)
from inference.models import Ensemble, Inside
from inference.pace import WriteThrottle
from inference.rest import FileView, MayCompare
from segweb.http.answers.repeats import repeatable
from segweb.http.parsers import JSONParser


class Maker(APIView):
    """An address where a JSON body asks for a job."""

    permission_classes = [MayCompare]
    throttle_classes = [WriteThrottle]
    parser_classes = [JSONParser]

    def accepted(self, shown: dict[str, Any]) -> Response:
        """202, with where to watch the job."""
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class Ensembles(Maker):
    """Combine predictions of a comparison."""

    @extend_schema(request=EnsembleCreateSerializer, responses={202: EnsembleSerializer})
    @repeatable
    def post(self, request: Request, pk: UUID) -> Response:
        """Accepted at once; asked for again, it is the same one."""
        comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
        form = EnsembleCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        ensemble = services.ensemble_create(comparison=comparison, **form.validated_data)
        return self.accepted(EnsembleSerializer(ensemble, context={"request": request}).data)


class EnsembleDetail(generics.RetrieveAPIView):
    """One ensemble."""

    permission_classes = [AllowAny]
    serializer_class = EnsembleSerializer

    def get_queryset(self) -> QuerySet[Ensemble]:
        """Those that the caller may see."""
        return access.jobs_visible(self.request, Ensemble)


class EnsembleMask(FileView):
    """The mask of an ensemble."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Indexed PNG, as a prediction's."""
        ensemble = get_object_or_404(access.jobs_visible(request, Ensemble), pk=pk)
        if not ensemble.mask:
            raise NotFound(_("There is no mask yet."))
        return downloads.stored(request, ensemble.mask.name, "image/png", f"{ensemble.pk}.png")


class Insides(Maker):
    """Look into the network of a prediction."""

    @extend_schema(request=InsideCreateSerializer, responses={202: InsideSerializer})
    @repeatable
    def post(self, request: Request, pk: UUID) -> Response:
        """Its decoder and, with `x` and `y`, what that pixel's logit sees; accepted at once."""
        prediction = get_object_or_404(access.predictions_visible(request), pk=pk)
        form = InsideCreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        inside = services.inside_create(prediction=prediction, **form.validated_data)
        return self.accepted(InsideSerializer(inside, context={"request": request}).data)


class InsideDetail(generics.RetrieveAPIView):
    """One look into a network."""

    permission_classes = [AllowAny]
    serializer_class = InsideSerializer

    def get_queryset(self) -> QuerySet[Inside]:
        """Those that the caller may see."""
        return access.jobs_visible(self.request, Inside)


class InsideStrip(FileView):
    """One picture of the decoder's strip, counted from 1."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID, number: int) -> HttpResponseBase:
        """Grey PNG at the size of the layer's map."""
        inside = get_object_or_404(access.jobs_visible(request, Inside), pk=pk)
        if not 0 < number <= len(inside.strip):
            raise NotFound(_("There is no such picture."))
        key = inside.strip[number - 1]["file"]
        return downloads.stored(request, key, "image/png", f"{pk}-{number}.png")


class InsideHeat(FileView):
    """The effective receptive field."""

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Grey PNG at the image's size."""
        inside = get_object_or_404(access.jobs_visible(request, Inside), pk=pk)
        if not inside.field:
            raise NotFound(_("There is no such picture."))
        return downloads.stored(request, inside.field["heat"], "image/png", f"{pk}-field.png")

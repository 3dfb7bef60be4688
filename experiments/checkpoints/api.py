"""REST: the checkpoints on offer, and networks from elsewhere that become some."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.access import account
from experiments.checkpoints.serializers import (
    CheckpointSerializer,
    NetworkImportSerializer,
    NetworkUploadSerializer,
)
from experiments.checkpoints.services import network_import
from experiments.models import Checkpoint, NetworkImport
from experiments.rest import MayImport, TakesImports
from segweb.http.answers.repeats import made_as, repeatable
from segweb.http.idempotency import made_under


class Models(generics.ListAPIView):
    """The checkpoints that a comparison of the caller's can use."""

    permission_classes = [AllowAny]
    serializer_class = CheckpointSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """With what a line of the list needs."""
        return Checkpoint.objects.offered().visible_to(self.request.user).with_scores()


class NetworkImports(TakesImports):
    """The way in for networks from elsewhere."""

    permission_classes = [AllowAny]  # those who may not are told so before the body is read
    parser_classes = [MultiPartParser]

    @extend_schema(request=NetworkUploadSerializer, responses={202: NetworkImportSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """An ONNX file (staff), which a worker looks at, tries and puts on offer."""
        form = NetworkUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        told = dict(form.validated_data)
        asked = {name: told.pop(name, None) for name in ("file", "dataset", "score")}
        pk, owner = made_as(request), account(request)
        queued = made_under(
            NetworkImport,
            pk,
            lambda: network_import(**asked, options=told, owner=owner, pk=pk),
        )
        shown = NetworkImportSerializer(queued, context={"request": request}).data
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class NetworkImportDetail(generics.RetrieveAPIView):
    """How far the import of a network is, what came of it or what is wrong with it."""

    permission_classes = [MayImport]
    serializer_class = NetworkImportSerializer
    queryset = NetworkImport.objects.select_related("checkpoint")

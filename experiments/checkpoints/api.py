"""REST: the checkpoints on offer, also as files; networks and masks from elsewhere."""

from __future__ import annotations

from functools import partial

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.access import may_launch
from experiments.checkpoints.elsewhere import masks_import
from experiments.checkpoints.serializers import (
    CheckpointSerializer,
    ExportAskedSerializer,
    MasksImportSerializer,
    MasksUploadSerializer,
    NetworkExportSerializer,
    NetworkImportSerializer,
    NetworkUploadSerializer,
)
from experiments.checkpoints.services import exports_visible, network_export, network_import
from experiments.models import Checkpoint, MasksImport, NetworkExport, NetworkImport
from experiments.rest import MayImport, TakesImports, accepted
from segweb.http.answers.repeats import repeatable


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
        queue = partial(network_import, **asked, options=told)
        return accepted(request, NetworkImportSerializer, queue)


class NetworkImportDetail(generics.RetrieveAPIView):
    """How far the import of a network is, what came of it or what is wrong with it."""

    permission_classes = [MayImport]
    serializer_class = NetworkImportSerializer
    queryset = NetworkImport.objects.select_related("checkpoint")


class MayExport(BasePermission):
    """Who may make training workers busy may have them export."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Those with the permission to launch, staff or not."""
        return may_launch(request.user)


class NetworkExports(APIView):
    """The way out for checkpoints."""

    permission_classes = [MayExport]

    @extend_schema(request=ExportAskedSerializer, responses={202: NetworkExportSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """A checkpoint as a file that runs without SegWeb, which a worker writes and compares.

        Each form of a checkpoint is written once: the export that there is answers, too.
        """
        form = ExportAskedSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        told = form.validated_data
        offered = Checkpoint.objects.offered().visible_to(request.user)
        checkpoint = offered.filter(key=told["model"]).first()
        if checkpoint is None:
            unknown = _("There is no such model: %(name)s.") % {"name": told["model"]}
            raise ValidationError({"model": [unknown]})
        queue = partial(network_export, checkpoint=checkpoint, form=told["form"])
        return accepted(request, NetworkExportSerializer, queue)


class NetworkExportDetail(generics.RetrieveAPIView):
    """How far an export is, and where its file lies."""

    permission_classes = [MayExport]
    serializer_class = NetworkExportSerializer

    def get_queryset(self) -> QuerySet[NetworkExport]:
        """Those of checkpoints that the caller sees."""
        return exports_visible(self.request.user)


class MasksImports(TakesImports):
    """The way in for masks that something else predicted."""

    permission_classes = [AllowAny]  # as above
    parser_classes = [MultiPartParser]

    @extend_schema(request=MasksUploadSerializer, responses={202: MasksImportSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """A zip of masks (staff), which a worker scores on a data set's split.

        Accepted once its list of entries is in order. The leaderboard ranks the score.
        """
        form = MasksUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        queue = partial(masks_import, **form.validated_data)
        return accepted(request, MasksImportSerializer, queue)


class MasksImportDetail(generics.RetrieveAPIView):
    """How far the import of masks is, what they score or what is wrong with them."""

    permission_classes = [MayImport]
    serializer_class = MasksImportSerializer
    queryset = MasksImport.objects.select_related("checkpoint")

"""REST: the data sets, and the import of another one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import APIException, NotAuthenticated, PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.access import account, may_manage
from experiments.datasets.serializers import (
    DatasetSerializer,
    ImportSerializer,
    ImportUploadSerializer,
)
from experiments.datasets.services import dataset_import
from experiments.models import Dataset, Import
from segweb.http.answers.repeats import made_as, repeatable
from segweb.http.idempotency import made_under


class ArchiveTooLarge(APIException):
    """More bytes than an import may have."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class Datasets(generics.ListAPIView):
    """The data sets whose class ids masks use; and the way to import another one."""

    permission_classes = [AllowAny]
    serializer_class = DatasetSerializer
    pagination_class = None
    queryset = Dataset.objects.all()
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse who may not import, and what is too long, before a byte of it is read."""
        super().initial(request, *args, **kwargs)
        if request.method != "POST":
            return
        if not request.user.is_authenticated:
            raise NotAuthenticated
        if not may_manage(request.user):
            raise PermissionDenied(_("Importing a data set needs a permission that you lack."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.IMPORT_MAX_BYTES:
            raise ArchiveTooLarge(_("The archive is too large."))

    @extend_schema(request=ImportUploadSerializer, responses={202: ImportSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """A zip with classes.json, images and masks by split, or a labelling tool's export (staff).

        Accepted once its list of entries is in order; a worker unpacks it and looks at every file.
        """
        form = ImportUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        pk, file, owner = made_as(request), form.validated_data["file"], account(request)
        queued = made_under(Import, pk, lambda: dataset_import(file=file, owner=owner, pk=pk))
        shown = ImportSerializer(queued, context={"request": request}).data
        headers = {"Location": shown["url"]}
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class MayImport(BasePermission):
    """Who may import may see how far an import is."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Staff that may launch."""
        return may_manage(request.user)


class ImportDetail(generics.RetrieveAPIView):
    """How far an import is, what came of it or what is wrong with it."""

    permission_classes = [MayImport]
    serializer_class = ImportSerializer
    queryset = Import.objects.select_related("dataset")

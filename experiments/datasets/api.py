"""REST: the data sets, and the import of another one."""

from __future__ import annotations

from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.datasets.serializers import (
    DatasetSerializer,
    ImportSerializer,
    ImportUploadSerializer,
)
from experiments.datasets.services import dataset_import
from experiments.models import Dataset, Import
from experiments.rest import MayImport, TakesImports, accepted
from segweb.http.answers.repeats import repeatable


class Datasets(TakesImports, generics.ListAPIView):
    """The data sets whose class ids masks use; and the way to import another one."""

    permission_classes = [AllowAny]
    serializer_class = DatasetSerializer
    pagination_class = None
    queryset = Dataset.objects.all()
    parser_classes = [MultiPartParser]

    @extend_schema(request=ImportUploadSerializer, responses={202: ImportSerializer})
    @repeatable
    def post(self, request: Request) -> Response:
        """A zip with classes.json, images and masks by split, or a labelling tool's export (staff).

        Accepted once its list of entries is in order; a worker unpacks it and looks at every file.
        """
        form = ImportUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        queue = partial(dataset_import, file=form.validated_data["file"])
        return accepted(request, ImportSerializer, queue)


class ImportDetail(generics.RetrieveAPIView):
    """How far an import is, what came of it or what is wrong with it."""

    permission_classes = [MayImport]
    serializer_class = ImportSerializer
    queryset = Import.objects.select_related("dataset")

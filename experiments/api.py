"""REST: the checkpoints on offer and the data sets."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import generics
from rest_framework.permissions import AllowAny

from experiments.models import Checkpoint, Dataset
from experiments.serializers import CheckpointSerializer, DatasetSerializer


class Models(generics.ListAPIView):
    """The checkpoints that a comparison can use."""

    permission_classes = [AllowAny]
    serializer_class = CheckpointSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """With what a line of the list needs."""
        return Checkpoint.objects.offered().with_scores()


class Datasets(generics.ListAPIView):
    """The data sets whose class ids masks use."""

    permission_classes = [AllowAny]
    serializer_class = DatasetSerializer
    pagination_class = None
    queryset = Dataset.objects.all()

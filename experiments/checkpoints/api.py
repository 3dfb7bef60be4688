"""REST: the checkpoints on offer."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import generics
from rest_framework.permissions import AllowAny

from experiments.checkpoints.serializers import CheckpointSerializer
from experiments.models import Checkpoint


class Models(generics.ListAPIView):
    """The checkpoints that a comparison of the caller's can use."""

    permission_classes = [AllowAny]
    serializer_class = CheckpointSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """With what a line of the list needs."""
        return Checkpoint.objects.offered().visible_to(self.request.user).with_scores()

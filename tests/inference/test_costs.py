"""What the leaderboard hears of predictions."""

from __future__ import annotations

import pytest

from experiments.models import Checkpoint
from experiments.scores.costs import Cost, costs
from inference.comparisons import comparison_create
from inference.models import Image, Prediction
from segweb.jobs import State


@pytest.mark.django_db
def test_costs_are_told_by_megapixel(image: Image, checkpoints: list[Checkpoint]) -> None:
    comparison_create(image=image, models=[one.key for one in checkpoints[:2]])
    first, second = Prediction.objects.order_by("pk")
    assert costs() == {}
    done = {"state": State.DONE, "scored_height": 500, "scored_width": 1000}
    Prediction.objects.filter(pk=first.pk).update(latency_ms=40, memory_bytes=7, **done)
    Prediction.objects.filter(pk=second.pk).update(latency_ms=10, **done)
    assert costs() == {first.checkpoint_id: Cost(80, 14), second.checkpoint_id: Cost(20, None)}

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
    keys = [one.key for one in checkpoints[:2]]
    for _ in range(3):
        comparison_create(image=image, models=keys)
    first, second = (Prediction.objects.filter(checkpoint__key=key) for key in keys)
    assert costs() == {}
    done = {"state": State.DONE, "scored_height": 500, "scored_width": 1000}
    pks = list(first.values_list("pk", flat=True))
    first.filter(pk__in=pks[1:]).update(latency_ms=40, memory_bytes=7, **done)
    second.update(latency_ms=10, **done)
    assert costs() == {checkpoints[1].pk: Cost(20, None)}  # the other is hardly known
    # The first of them paid for the start of the network, and the memory of tiles is a tile's.
    first.filter(pk=pks[0]).update(latency_ms=9000, memory_bytes=1, tiled=True, **done)
    assert costs()[checkpoints[0].pk] == Cost(80, 14)

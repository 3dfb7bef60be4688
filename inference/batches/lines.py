"""One's own batches as a list: found by name or model, each with its first images and scores."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import FloatField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from experiments.models import Checkpoint
from inference.batches.tiles import commonly_scored
from inference.lists import architectures_named
from inference.models import Batch, BatchItem, Prediction

LOOKS = 4  # images that tell one batch from another


@dataclass(frozen=True)
class BatchLine:
    """A batch, its first images' comparisons, and its best model with the mean of its mIoU.

    `best` and `miou` (a fraction) as the batch's page has them; None without true masks.
    """

    batch: Batch
    images: list[UUID]
    best: Checkpoint | None
    miou: float | None


def batches_found(batches: QuerySet[Batch], words: str) -> QuerySet[Batch]:
    """Those that have each of the words in their name, in a file's or in a model's."""
    for word in words.split():
        found = Q(name__icontains=word) | Q(
            pk__in=BatchItem.objects.filter(name__icontains=word).values("batch")
        )
        by_it = Prediction.objects.filter(
            comparison__batch__isnull=False,
            checkpoint__architecture__in=architectures_named(word),
        )
        batches = batches.filter(found | Q(pk__in=by_it.values("comparison__batch")))
    return batches


def batch_lines(batches: Iterable[Batch]) -> list[BatchLine]:
    """The lines of a page; as many queries however long it is."""
    batches = list(batches)
    images: dict[UUID, list[UUID]] = defaultdict(list)
    looked_at = BatchItem.objects.filter(batch__in=batches, comparison__isnull=False).values_list(
        "batch", "comparison__image"
    )
    for batch, image in looked_at:
        images[batch].append(image)
    best = _best(batches)
    return [
        BatchLine(batch, images[batch.pk][:LOOKS], *best.get(batch.pk, (None, None)))
        for batch in batches
    ]


def _best(batches: list[Batch]) -> dict[UUID, tuple[Checkpoint, float]]:
    rows = Prediction.objects.filter(comparison__batch__in=batches).annotate(
        miou=Cast(KT("scores__miou"), FloatField())
    )
    mious: dict[UUID, dict[UUID, dict[int, float | None]]] = defaultdict(lambda: defaultdict(dict))
    for batch, comparison, checkpoint, miou in rows.values_list(
        "comparison__batch", "comparison", "checkpoint", "miou"
    ):
        mious[batch][comparison][checkpoint] = miou
    best = {}
    for batch, of_images in mious.items():
        told, scored = commonly_scored(list(of_images.values()))
        means = {key: statistics.fmean(of[key] for of in scored) for key in told if scored}
        if means:
            best[batch] = max(means.items(), key=lambda mean: mean[1])
    checkpoints = Checkpoint.objects.in_bulk([key for key, _ in best.values()])
    return {batch: (checkpoints[key], miou) for batch, (key, miou) in best.items()}

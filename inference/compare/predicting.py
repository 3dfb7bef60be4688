"""What the inference worker does for a prediction: mask, likeliest classes, scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from inference.compare.services import comparison_settle, predictions_score
from inference.images.masks import top3_pack
from inference.images.truths import mask_scores
from inference.models import Comparison, Prediction
from inference.worker import warm
from inference.worker.weights import checkpoint_weights
from models_zoo.masks import mask_png
from segweb.jobs import Lease, job_update, patiently

if TYPE_CHECKING:
    from models_zoo.predict.engine import PredictedMask

TELL_SECONDS = 1.0  # as often as a pane asks


def predict(prediction: Prediction, lease: Lease) -> Callable[[], dict[str, Any]]:
    """Computes the mask; what remains gives the fields that the prediction gains.

    Encoding and writing take as long as a fast network does, and are not what the next one needs.
    """
    comparison, checkpoint = prediction.comparison, prediction.checkpoint
    weights, sidecar = checkpoint_weights(
        checkpoint=checkpoint,
        progress=lambda share: patiently(lambda: job_update(lease=lease, download=share)),
    )
    picture = warm.picture_of(comparison.image)
    computed = warm.engine().predict(
        weights, sidecar, picture, scale=comparison.scale, progress=_tiles_told(lease)
    )
    return partial(_store, prediction, lease, computed)


def _tiles_told(lease: Lease) -> Callable[[int, int], None]:
    """Keeps which tile is being computed, as often as somebody looks."""
    last = 0.0

    def told(tile: int, tiles: int) -> None:
        nonlocal last
        if tiles > 1 and time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            patiently(lambda: job_update(lease=lease, tile=tile, tiles=tiles))

    return told


def _store(prediction: Prediction, lease: Lease, computed: PredictedMask) -> dict[str, Any]:
    image, checkpoint = prediction.comparison.image, prediction.checkpoint
    drawn = mask_png(computed.mask, checkpoint.classes)
    likeliest = top3_pack(computed.top_classes, computed.top_probabilities)
    # By token: two workers on one job never write the same file.
    stem = f"{prediction.folder}/{lease.token}"
    height, width = computed.scored_at
    return {
        "mask": default_storage.save(f"{stem}.png", ContentFile(drawn)),
        "top3": default_storage.save(f"{stem}.gz", ContentFile(likeliest)),
        "latency_ms": computed.milliseconds,
        "load_ms": computed.load_milliseconds,
        "scored_height": height,
        "scored_width": width,
        "tiled": computed.tiled,
        "memory_bytes": computed.memory_bytes,
        "device": computed.device,
        "precision": computed.precision,
        "runtime": computed.runtime,
        # Here and once: in a request, twelve masks of 40 megapixels would hang it.
        "scores": mask_scores(image, checkpoint, computed.mask),
    }


def settle(prediction: Prediction) -> None:
    """After the last prediction of a comparison, see where they agree."""
    related = "image__mask_dataset"
    comparisons = Comparison.objects.filter(predictions=prediction.pk).select_related(related)
    # None where the comparison was deleted meanwhile.
    comparison = patiently(comparisons.first)
    if comparison and comparison.image.mask:
        # A true mask that came while this was computed.
        predictions_score(image=comparison.image)
    if comparison and comparison.ended:
        comparison_settle(comparison=comparison)

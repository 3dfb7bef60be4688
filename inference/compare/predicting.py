"""What the inference worker does for a prediction: mask, likeliest classes, scores."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from inference.compare.services import comparison_settle
from inference.images.truths import mask_scores
from inference.models import Comparison, Prediction
from inference.worker import warm
from inference.worker.weights import checkpoint_weights
from models_zoo.masks import mask_png
from segweb.jobs import Lease, job_update, patiently


def predict(prediction: Prediction, lease: Lease) -> dict[str, Any]:
    """The fields that a prediction gains by being carried out."""
    image, checkpoint = prediction.comparison.image, prediction.checkpoint
    weights, sidecar = checkpoint_weights(
        checkpoint=checkpoint,
        progress=lambda share: patiently(lambda: job_update(lease=lease, download=share)),
    )
    result = warm.engine().predict(
        weights, sidecar, warm.picture_of(image), scale=prediction.comparison.scale
    )
    top3 = BytesIO()
    np.savez_compressed(top3, classes=result.top_classes, probabilities=result.top_probabilities)
    drawn = ContentFile(mask_png(result.mask, checkpoint.classes))
    # By token: two workers on one job never write the same file.
    stem = f"{prediction.folder}/{lease.token}"
    height, width = result.scored_at
    return {
        "mask": default_storage.save(f"{stem}.png", drawn),
        "top3": default_storage.save(f"{stem}.npz", ContentFile(top3.getvalue())),
        "latency_ms": result.milliseconds,
        "load_ms": result.load_milliseconds,
        "scored_height": height,
        "scored_width": width,
        "tiled": result.tiled,
        "memory_bytes": result.memory_bytes,
        "device": result.device,
        "precision": result.precision,
        # Here and once: in a request, twelve masks of 40 megapixels would hang it.
        "scores": mask_scores(image, checkpoint, result.mask),
    }


def settle(prediction: Prediction) -> None:
    """After the last prediction of a comparison, see where they agree."""
    comparisons = Comparison.objects.filter(predictions=prediction.pk).select_related("image")
    # None where the comparison was deleted meanwhile.
    comparison = patiently(comparisons.first)
    if comparison and comparison.ended:
        comparison_settle(comparison=comparison)

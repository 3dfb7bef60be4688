"""Masks against an image's true mask: scores, boundary IoU and pixel counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.models import Checkpoint
from inference.images.masks import mask_read
from inference.models import Comparison, Image
from models_zoo.metrics import confusion, scores
from models_zoo.metrics.boundaries import boundary_iou
from models_zoo.metrics.table import IMAGE_SCORES

COUNTS = ("right", "wrong", "ignored", "false", "missed")


def true_mask(image: Image, checkpoint: Checkpoint) -> np.ndarray | None:
    """The image's true mask, H×W class ids, if it has one of the checkpoint's classes."""
    return mask_read(image.mask) if truth_fits(image, checkpoint) else None


def truth_fits(image: Image, checkpoint: Checkpoint) -> bool:
    """Whether the image has a true mask of the checkpoint's classes."""
    # The same id is another class in another data set, unless both name their classes alike.
    names = [entry["name"] for entry in checkpoint.classes]
    return bool(image.mask) and image.mask_dataset.class_names == names


def mask_scores(image: Image, checkpoint: Checkpoint, mask: np.ndarray) -> dict[str, Any] | None:
    """What a mask of the checkpoint's classes scores; None where there is no truth for it.

    Fractions as `models_zoo.metrics.scores` gives them, boundary_iou, and pixels: right, wrong,
    ignored, and by class false (predicted, not true) and missed (true, not predicted).
    """
    truth = true_mask(image, checkpoint)
    if truth is None:
        return None
    classes, ignored = len(checkpoint.classes), image.mask_dataset.ignore_index
    counts = confusion(truth, mask, classes, ignored)
    hits = np.diag(counts)
    right, counted = int(hits.sum()), int(counts.sum())
    return scores(counts) | {
        "boundary_iou": boundary_iou(truth, mask, classes, ignored),
        "right": right,
        "wrong": counted - right,
        "ignored": truth.size - counted,
        "false": (counts.sum(axis=0) - hits).tolist(),
        "missed": (counts.sum(axis=1) - hits).tolist(),
    }


def comparison_truth(comparison: Comparison) -> dict[str, Any]:
    """The scores of every prediction that has some, with the classes that they are about."""
    dataset = comparison.image.mask_dataset
    scored = [prediction for prediction in comparison.predictions.all() if prediction.scores]
    names = (*(metric.name for metric in IMAGE_SCORES), "per_class_iou", *COUNTS)
    return {
        "classes": dataset.classes if dataset else [],
        "ignore_index": dataset.ignore_index if dataset else None,
        "predictions": [
            {"id": prediction.pk} | {name: prediction.scores.get(name) for name in names}
            for prediction in scored
        ],
    }

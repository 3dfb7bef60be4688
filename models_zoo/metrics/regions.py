"""Scores from confusion counts, accumulated over a whole data set. NumPy only.

n_ij counts pixels of truth i predicted as j. Pixels whose truth is ignored are removed first, from
the union too. A class with an empty union scores None and is left out of the means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

_CHUNK = 1 << 16  # pixels that are counted while they are in the processor's cache


def confusion(
    truth: np.ndarray, prediction: np.ndarray, num_classes: int, ignore_index: int | None = None
) -> np.ndarray:
    """K×K int64 counts of two masks of equal shape, of up to 256 classes.

    ValueError when the shapes differ or an id that is not ignored is no class.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"Truth is {truth.shape}, prediction {prediction.shape}.")
    # All pairs of bytes are counted; what is ignored or no class is looked for afterwards.
    true, guess = _as_bytes(truth).ravel(), _as_bytes(prediction).ravel()
    pairs_counted = np.zeros(1 << 16, np.int64)
    for start in range(0, true.size, _CHUNK):
        # In 16 bits: shifted as a byte, the truth would be lost.
        pairs = true[start : start + _CHUNK].astype(np.uint16) << 8 | guess[start : start + _CHUNK]
        # Not np.histogram, whose last bin is closed: void = K would count as class K − 1.
        pairs_counted += np.bincount(pairs, minlength=1 << 16)
    counts = pairs_counted.reshape(256, 256)
    if ignore_index is not None:
        # Only as truth: for a labelled pixel the same id may be predicted, and wrongly.
        counts[ignore_index] = 0
    for name, outside in (("truth", counts[num_classes:]), ("prediction", counts[:, num_classes:])):
        if outside.any():
            raise ValueError(f"The {name} holds ids outside 0 … {num_classes - 1}.")
    return counts[:num_classes, :num_classes].copy()


def _as_bytes(ids: np.ndarray) -> np.ndarray:
    if ids.dtype == np.uint8:
        return ids
    if ids.size and not 0 <= ids.min() <= ids.max() <= 255:
        raise ValueError("A mask holds ids outside 0 … 255.")
    return ids.astype(np.uint8)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> list[float | None]:
    return [
        n / d if d else None for n, d in zip(numerator.tolist(), denominator.tolist(), strict=True)
    ]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def scores(counts: np.ndarray) -> dict[str, Any]:
    """Fractions from K×K confusion counts (Long et al. 2015, section 5).

    miou, per_class_iou (None where the union is empty), pixel_accuracy, mean_accuracy, fw_iou
    (frequency-weighted) and classes_counted. Means are None when no pixel counts.
    """
    hits, truths = np.diag(counts), counts.sum(axis=1)
    per_class_iou = _ratio(hits, truths + counts.sum(axis=0) - hits)
    total = int(truths.sum())
    pairs = zip(truths.tolist(), per_class_iou, strict=True)
    weighted = sum(pixels * iou for pixels, iou in pairs if iou is not None)
    return {
        "miou": _mean(per_class_iou),
        "per_class_iou": per_class_iou,
        "pixel_accuracy": int(hits.sum()) / total if total else None,
        "mean_accuracy": _mean(_ratio(hits, truths)),
        "fw_iou": weighted / total if total else None,
        "classes_counted": sum(iou is not None for iou in per_class_iou),
    }


def image_counts(counts: np.ndarray) -> dict[str, list[int]]:
    """What of one image's K×K counts is kept: per class the pixels hit, true and predicted."""
    return {
        "hits": np.diag(counts).tolist(),
        "truth": counts.sum(axis=1).tolist(),
        "predicted": counts.sum(axis=0).tolist(),
    }


def image_scores(per_image: list[dict[str, Any]]) -> dict[str, float | None]:
    """Means over images instead of over the data set, from `image_counts` of each: fractions.

    Csurka, Larlus, Perronnin 2013 argue for scores by image. image_miou: mean of each image's mIoU
    over its own classes; worst_tenth: of the lowest tenth of those. None where no image has a
    labelled pixel.
    """
    mious = sorted(miou for miou in map(image_miou, per_image) if miou is not None)
    # Rounded up, so that fewer than ten images have a worst one too.
    worst = mious[: -(-len(mious) // 10)]
    return {"image_miou": _mean(mious), "worst_tenth": _mean(worst)}


def image_miou(image: dict[str, Any]) -> float | None:
    """One image's mIoU over the classes in its truth or mask, from its `image_counts`.

    A fraction; None when the image has no labelled pixel.
    """
    hits, truth, predicted = (np.array(image[name]) for name in ("hits", "truth", "predicted"))
    return _mean(_ratio(hits, truth + predicted - hits))

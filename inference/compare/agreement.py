"""Where predictions of one image agree, which needs no truth. NumPy only.

Only masks of one class list can be compared: predictions are grouped by theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from inference.images.classes import class_list
from inference.images.masks import mask_read
from inference.models import Comparison, Prediction
from models_zoo.metrics import confusion

SWAPS = 10


def vote_entropy(masks: Sequence[np.ndarray]) -> np.ndarray:
    """The entropy in bits of the masks' votes for each pixel's class, float32 of their shape.

    0 where all agree; log2(N) where N masks say N different things.
    """
    # Votes are whole numbers up to N: a table of N + 1 values, not a logarithm a pixel.
    share = np.arange(len(masks) + 1) / len(masks)
    surprise = np.zeros_like(share)
    # 0 · log 0 counts as 0.
    surprise[1:] = -share[1:] * np.log2(share[1:])
    surprise = surprise.astype(np.float32)
    entropy = np.zeros(masks[0].shape, np.float32)
    for number in sorted(set().union(*(np.unique(mask).tolist() for mask in masks))):
        votes = np.zeros(masks[0].shape, np.uint8)
        for mask in masks:
            votes += mask == number
        entropy += surprise[votes]
    return entropy


def pair_agreement(
    one: np.ndarray, other: np.ndarray, num_classes: int, *, pixels: int | None = None
) -> dict[str, Any]:
    """The share of pixels that two masks agree on, and the most frequent of their swaps.

    Masks are class ids in arrays of one shape; shares are fractions of `pixels`, which are more
    than the arrays have where some that agree were left out. ValueError when the shapes differ or
    an id is no class.
    """
    pixels = pixels or one.size
    # Neither is the truth: rows are what `one` says, columns what `other` does.
    counts = confusion(one, other, num_classes)
    differing = counts - np.diag(np.diag(counts))
    # Stable: swaps that are equally frequent come in the same order each time.
    most_first = np.argsort(-differing, axis=None, kind="stable")[:SWAPS]
    pairs = [divmod(int(index), num_classes) for index in most_first]
    return {
        "agreement": float(1 - differing.sum() / pixels),
        "swaps": [
            {"a_class": a, "b_class": b, "share": float(differing[a, b] / pixels)}
            for a, b in pairs
            if differing[a, b]
        ],
    }


def comparison_agreement(comparison: Comparison) -> dict[str, Any]:
    """Agreement of every pair of finished predictions, and the mean vote entropy of each group.

    Agreement is a fraction of pixels, entropy in bits. `entropy_mean` is that of the largest
    group; None where no two predictions can be compared.
    """
    by_classes: dict[Any, list[Prediction]] = {}
    for prediction in comparison.predictions.all():
        if prediction.mask:
            by_classes.setdefault(class_list(prediction.checkpoint), []).append(prediction)
    pairs: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for classes, members in by_classes.items():
        if len(members) < 2:
            continue
        masks = [mask_read(member.mask) for member in members]
        pixels, differ = masks[0].size, np.zeros(masks[0].shape, bool)
        for mask in masks[1:]:
            differ |= mask != masks[0]
        # Most pixels look the same to all, and count for nothing but the number of pixels.
        masks = [mask[differ] for mask in masks]
        for (a, one), (b, other) in combinations(zip(members, masks, strict=True), 2):
            ids = {"a": str(a.pk), "b": str(b.pk)}
            pairs.append(ids | pair_agreement(one, other, len(classes), pixels=pixels))
        # Summed in float64: an image may have 40 million pixels.
        entropy = float(vote_entropy(masks).sum(dtype=np.float64) / pixels)
        groups.append({"predictions": [str(m.pk) for m in members], "entropy_mean": entropy})
    largest = max(groups, key=lambda group: len(group["predictions"]), default=None)
    return {
        "pairs": pairs,
        "groups": groups,
        "entropy_mean": largest["entropy_mean"] if largest else None,
    }

"""Where masks of one image agree, which needs no truth. NumPy only; Django need not be set up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.masks import read_mask
from models_zoo.metrics import confusion

SWAPS = 10


def masks_agreement(
    groups: Sequence[tuple[int, Sequence[tuple[str, Path]]]],
) -> dict[str, Any]:
    """Agreement of every pair of masks, and the mean vote entropy of each group.

    A group is the number of its classes and its masks, each with the name it goes by. Agreement is
    a fraction of pixels, entropy in bits, `disputed` as `class_disputes` gives it. `entropy_mean`
    is that of the largest group; None where no two masks can be compared.
    """
    pairs: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for num_classes, named in groups:
        masks = [read_mask(path) for _, path in named]
        names = [name for name, _ in named]
        pixels, differ = masks[0].size, np.zeros(masks[0].shape, bool)
        for mask in masks[1:]:
            differ |= mask != masks[0]
        # Most pixels look the same to all, and count for nothing but the number of pixels.
        masks = [mask[differ] for mask in masks]
        for (a, one), (b, other) in combinations(zip(names, masks, strict=True), 2):
            pairs.append({"a": a, "b": b} | pair_agreement(one, other, num_classes, pixels=pixels))
        # Summed in float64: an image may have 40 million pixels.
        entropy = float(vote_entropy(masks).sum(dtype=np.float64) / pixels)
        disputed = class_disputes(masks, num_classes, pixels=pixels)
        told.append({"predictions": names, "entropy_mean": entropy, "disputed": disputed})
    largest = max(told, key=lambda group: len(group["predictions"]), default=None)
    mean = largest["entropy_mean"] if largest else None
    return {"pairs": pairs, "groups": told, "entropy_mean": mean}


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


def class_disputes(
    masks: Sequence[np.ndarray], num_classes: int, *, pixels: int | None = None
) -> list[float]:
    """For each class, the share of `pixels` that some masks call so and others do not.

    Arrays as `pair_agreement` takes them.
    """
    shares = []
    for number in range(num_classes):
        calls = np.zeros(masks[0].shape, np.uint8)
        for mask in masks:
            calls += mask == number
        some = np.count_nonzero((calls > 0) & (calls < len(masks)))
        shares.append(float(some / (pixels or masks[0].size)))
    return shares


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

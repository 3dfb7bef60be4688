"""How many of the objects of each size are found, in the sizes of Lin et al. 2014 (COCO)."""

from __future__ import annotations

from typing import Any

import numpy as np

# Areas in pixels at the image's own size, as COCO divides them.
SIZES = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, np.inf)}


class ObjectCounts:
    """Adds up the recall of objects over images. An object: connected pixels of one true class."""

    def __init__(self, ignore_index: int | None = None) -> None:
        self.ignore_index = ignore_index
        self._objects = dict.fromkeys(SIZES, 0)
        self._recalls = dict.fromkeys(SIZES, 0.0)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Counts the objects of one image: H×W class ids, uint8."""
        labels = components(truth)
        kept = np.ones(truth.shape, bool)
        if self.ignore_index is not None:
            kept = truth != self.ignore_index
        areas = np.bincount(labels[kept], minlength=labels.max() + 1)
        hits = np.bincount(labels[kept & (truth == prediction)], minlength=len(areas))
        for size, (low, high) in SIZES.items():
            # Components of ignored pixels have no area left.
            of_size = (areas > 0) & (low <= areas) & (areas < high)
            self._objects[size] += int(of_size.sum())
            self._recalls[size] += float((hits[of_size] / areas[of_size]).sum())

    def scores(self) -> dict[str, dict[str, Any]]:
        """By size: how many `objects` there are, and `recall`, the mean share of pixels found.

        A fraction of the object's pixels that are not ignored; None where there is no object.
        """
        return {
            size: {"objects": count, "recall": self._recalls[size] / count if count else None}
            for size, count in self._objects.items()
        }


def components(mask: np.ndarray) -> np.ndarray:
    """A number for each pixel, shared by those that hang together with equal ids (8 neighbours).

    mask: H×W ids or bool; the numbers: H×W int64, with gaps.

    Rows are cut into runs of equal ids; runs that touch are joined under their lowest number.
    """
    starts = np.ones(mask.shape, bool)
    starts[:, 1:] = mask[:, 1:] != mask[:, :-1]
    runs = starts.ravel().cumsum().reshape(mask.shape) - 1
    first, second = _links(mask, runs)
    root = np.arange(runs.max() + 1)
    while True:
        low = np.minimum(root[first], root[second])
        high = np.maximum(root[first], root[second])
        if np.array_equal(low, high):
            labels: np.ndarray = root[runs]
            return labels
        np.minimum.at(root, high, low)
        # Each points straight at its lowest, else a spiral would take a round for each turn.
        while not np.array_equal(root[root], root):
            root = root[root]


def _links(mask: np.ndarray, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of runs that touch, straight or by a corner, with equal ids."""
    whole, left, right = np.s_[:], np.s_[:-1], np.s_[1:]
    count = runs.max() + 1
    pairs = []
    for above, below in ((whole, whole), (left, right), (right, left)):
        same = mask[:-1, above] == mask[1:, below]
        pairs.append(runs[:-1, above][same] * count + runs[1:, below][same])
    return np.divmod(np.unique(np.concatenate(pairs)), count)

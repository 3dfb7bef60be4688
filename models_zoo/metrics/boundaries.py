"""How well masks follow the boundaries of the truth.

Ignored pixels count nowhere and make no boundary: next to them a class is taken to go on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models_zoo.metrics.regions import confusion, scores
from models_zoo.metrics.windows import dilated, eroded, near

BAND_SHARE = 0.02  # of the diagonal: Cheng et al. 2021
TOLERANCE_SHARE = 0.0075  # of the diagonal: Csurka et al. 2013
TRIMAP_WIDTHS = (1, 2, 4, 8, 16)


class BoundaryCounts:
    """Adds up boundary scores over images, each a truth and a prediction of equal shape.

    Boundary IoU: Cheng, Girshick, Dollár, Berg, Kirillov 2021, "Boundary IoU", whose band is 2 % of
    the diagonal. Boundary F1: Csurka, Larlus, Perronnin 2013, "What is a good evaluation measure
    for semantic segmentation?", whose tolerance is 0.75 % of it, scored image by image as they
    advise. Trimaps: Kohli, Ladický, Torr 2009, "Robust Higher Order Potentials", the accuracy
    within some pixels of the true boundaries.
    """

    def __init__(self, num_classes: int, ignore_index: int | None = None) -> None:
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self._overlap = np.zeros(num_classes, np.int64)
        self._union = np.zeros(num_classes, np.int64)
        self._f1: list[float] = []
        self._trimaps = {
            width: np.zeros((num_classes, num_classes), np.int64) for width in TRIMAP_WIDTHS
        }

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Counts one image: H×W class ids, uint8. ValueError when the shapes differ."""
        self.add_bands(truth, prediction)
        self.add_f1(truth, prediction)
        ignored = self._ignored(truth, prediction)
        edges = np.zeros(truth.shape, bool)  # beside a pixel of another class, on any side
        for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
            differ = (truth[one] != truth[other]) & ~ignored[one] & ~ignored[other]
            edges[one] |= differ
            edges[other] |= differ
        for width, counts in self._trimaps.items():
            # The edges' own pixels are the first of the width.
            band = dilated(edges, width - 1) & ~ignored
            counts += confusion(truth[band], prediction[band], self.num_classes)

    def scores(self) -> dict[str, Any]:
        """boundary_iou, boundary_f1, and trimap_miou by width in pixels: fractions, or None.

        Boundary IoU and trimaps count over the data set and take the mean over classes; boundary F1
        is the mean over images of the mean over the truth's classes.
        """
        defined = self._union > 0
        trimaps = {str(width): scores(c)["miou"] for width, c in self._trimaps.items()}
        return {
            "boundary_iou": float((self._overlap[defined] / self._union[defined]).mean())
            if defined.any()
            else None,
            "boundary_f1": float(np.mean(self._f1)) if self._f1 else None,
            "trimap_miou": trimaps,
        }

    def add_bands(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Counts for boundary IoU alone: what of both masks lies in the band at the own border.

        ValueError when the shapes differ.
        """
        ignored = self._ignored(truth, prediction)
        # As Cheng et al. round it; in the smallest images one pixel is left.
        width = max(1, round(BAND_SHARE * float(np.hypot(*truth.shape))))
        for number in _occurring(truth, prediction, ignored):
            true = _inner_band(truth == number, ignored, width)
            guess = _inner_band(prediction == number, ignored, width)
            self._overlap[number] += np.count_nonzero(true & guess)
            self._union[number] += np.count_nonzero(true | guess)

    def _ignored(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        if truth.shape != prediction.shape:
            raise ValueError(f"Truth is {truth.shape}, prediction {prediction.shape}.")
        if self.ignore_index is None:
            return np.zeros(truth.shape, bool)
        ignored: np.ndarray = truth == self.ignore_index
        return ignored

    def add_f1(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Boundary F1 alone: which boundary pixels have one of the other mask nearby.

        ValueError when the shapes differ.
        """
        ignored, f1_by_class = self._ignored(truth, prediction), []
        tolerance = TOLERANCE_SHARE * float(np.hypot(*truth.shape))
        # Csurka et al. take the mean over the classes of the image's truth.
        for number in _occurring(truth, truth, ignored):
            true = _inner_band(truth == number, ignored, 1)
            guess = _inner_band(prediction == number, ignored, 1)
            precision = _share_near(guess, true, tolerance)
            recall = _share_near(true, guess, tolerance)
            # With both at 0 the score is 0 too, and not undefined.
            f1_by_class.append(2 * precision * recall / max(precision + recall, 1e-12))
        if f1_by_class:
            self._f1.append(float(np.mean(f1_by_class)))


def boundary_iou(
    truth: np.ndarray, prediction: np.ndarray, num_classes: int, ignore_index: int | None = None
) -> float | None:
    """Boundary IoU (Cheng et al. 2021) of one image, H×W class ids: the mean over either's classes.

    A fraction; None when every pixel is ignored.
    """
    counts = BoundaryCounts(num_classes, ignore_index)
    counts.add_bands(truth, prediction)
    mean: float | None = counts.scores()["boundary_iou"]
    return mean


def boundary_f1(
    truth: np.ndarray, prediction: np.ndarray, num_classes: int, ignore_index: int | None = None
) -> float | None:
    """Boundary F1 (Csurka et al. 2013) of one image, H×W class ids: the mean over its classes.

    A fraction; None when every pixel is ignored.
    """
    counts = BoundaryCounts(num_classes, ignore_index)
    counts.add_f1(truth, prediction)
    mean: float | None = counts.scores()["boundary_f1"]
    return mean


def _occurring(truth: np.ndarray, prediction: np.ndarray, ignored: np.ndarray) -> list[int]:
    kept = ~ignored
    return [int(number) for number in np.union1d(truth[kept], prediction[kept])]


def _inner_band(mask: np.ndarray, ignored: np.ndarray, width: int) -> np.ndarray:
    """The pixels of `mask` within `width` of its border or of the image's."""
    # The ignored count as the class going on; outside of the image nothing does, as in Cheng's
    # erosion after a padding of zeros.
    band: np.ndarray = mask & ~ignored & ~eroded(mask | ignored, width)
    return band


def _share_near(some: np.ndarray, others: np.ndarray, tolerance: float) -> float:
    """The share of `some` pixels that lie near `others`; with no pixel, whether both have none."""
    count = np.count_nonzero(some)
    if not count:
        return float(not others.any())
    return np.count_nonzero(some & near(others, tolerance)) / count

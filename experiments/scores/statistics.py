"""What can be said of scores: a paired bootstrap over images, overfitting. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models_zoo.metrics.fractions import mean_known, ratio

RESAMPLES = 2000
CHUNK = 250  # resamples at a time, so that their counts stay small
WINDOW = 3  # epochs over which a trend is judged
FALL = 0.01  # mIoU that val has to lose before it is told


@dataclass(frozen=True)
class Counts:
    """Per image and class the pixels hit, true and predicted: three N×K integer arrays."""

    hits: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray

    @property
    def union(self) -> np.ndarray:
        """Pixels of the class in truth or prediction, N×K."""
        return self.truth + self.predicted - self.hits

    @property
    def image_miou(self) -> np.ndarray:
        """Each image's mIoU over its own classes; NaN for an image without any."""
        return mean_known(ratio(self.hits, self.union))


@dataclass(frozen=True)
class PairedDifference:
    """How much better the second of two models is on the same images, as fractions of mIoU.

    `low` to `high` holds 95 % of the resampled differences; `wins` is the share of images on which
    the second scores higher, equal ones counted half.
    """

    difference: float
    low: float
    high: float
    wins: float
    images: int

    @property
    def distinguishable(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    first: Counts, second: Counts, *, blocks: Sequence[int] = (), seed: int = 0
) -> PairedDifference:
    """Resample the images with replacement, both models on the same ones, 2,000 times.

    `blocks`: a number for each image, equal for those that are drawn together, such as frames of a
    video that follow each other (`DatasetSplit.blocks_of`); each image alone unless given.

    mIoU is computed from the summed counts of each resample, as over the data set itself. Equal
    input gives equal output. ValueError without images or when the truths differ.
    """
    images = len(first.truth)
    if images == 0 or not np.array_equal(first.truth, second.truth):
        raise ValueError("Only scores of the same images can be paired.")
    random = np.random.default_rng(seed)
    # Frame by frame, frames that resemble each other counted as so many independent images.
    _, block_of = np.unique(blocks or np.arange(images), return_inverse=True)
    count = int(block_of.max()) + 1
    differences = []
    for start in range(0, RESAMPLES, CHUNK):
        size = min(CHUNK, RESAMPLES - start)
        # How often, not which: the sum of the counts is one product of matrices then.
        drawn = random.multinomial(count, np.full(count, 1 / count), size=size)[:, block_of]
        differences.append(_resampled(second, drawn) - _resampled(first, drawn))
    low, high = np.nanpercentile(np.concatenate(differences), [2.5, 97.5])
    every = np.ones((1, images))
    difference = (_resampled(second, every) - _resampled(first, every))[0]
    gains = second.image_miou - first.image_miou
    gains = gains[~np.isnan(gains)]
    wins = ((gains > 0).sum() + (gains == 0).sum() / 2) / max(len(gains), 1)
    return PairedDifference(float(difference), float(low), float(high), float(wins), images)


def _resampled(counts: Counts, drawn: np.ndarray) -> np.ndarray:
    """The mIoU of each row of `drawn`, which says how often each image was drawn."""
    drawn = drawn.astype(np.float64)
    return mean_known(ratio(drawn @ counts.hits, drawn @ counts.union))


@dataclass(frozen=True)
class Overfitting:
    """Since the best epoch, val mIoU fell by `fall` (a fraction) while training went on to improve.

    `rise` is what train mIoU gained meanwhile; None where only the loss tells.
    """

    since: int
    fall: float
    rise: float | None


def overfitting(
    numbers: Sequence[int],
    miou: Sequence[float | None],
    *,
    train_miou: Sequence[float | None],
    loss: Sequence[float | None],
) -> Overfitting | None:
    """Whether val has fallen since its best epoch while train rose; None while it cannot be said.

    One value an epoch in each sequence, mIoU as fractions, None where it is not known.
    The last epochs' median is compared, so that one bad epoch is not called overfitting.
    """
    val = np.array([np.nan if value is None else value for value in miou], float)
    if np.isnan(val).all():
        return None
    best = int(np.nanargmax(val))
    if len(val) - 1 - best < WINDOW:
        return None
    fall = float(val[best] - np.nanmedian(val[-WINDOW:]))
    rise, falls = _gain(train_miou, best), _gain(loss, best)
    learning = rise > 0 if rise is not None else falls is not None and falls < 0
    return Overfitting(numbers[best], fall, rise) if fall > FALL and learning else None


def _gain(values: Sequence[float | None], since: int) -> float | None:
    """How much the median of the last epochs is above the value at `since`."""
    last = [value for value in values[-WINDOW:] if value is not None]
    first = values[since]
    return float(np.median(last)) - first if last and first is not None else None

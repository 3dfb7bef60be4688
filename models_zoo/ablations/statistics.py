"""What differences between arms are worth: a paired t over seeds, images resampled. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from models_zoo.ablations.results import Counts, Truth

LEVEL = 0.95
RESAMPLES = 1000
SAME = 0.01  # an interval within this of 0 is no difference that matters


@dataclass(frozen=True)
class Effect:
    """How much higher an arm scores than another, in fractions, over `seeds` paired seeds.

    `low` to `high` is the interval at LEVEL, None with one seed, which tells nothing of others.
    """

    difference: float
    low: float | None
    high: float | None
    seeds: int

    def to_json(self) -> dict[str, Any]:
        """Its numbers to the fourth digit, with the verdict."""
        numbers = {"difference": self.difference, "low": self.low, "high": self.high}
        rounded = {name: None if v is None else round(v, 4) for name, v in numbers.items()}
        return {**rounded, "seeds": self.seeds, "verdict": self.verdict}

    @property
    def verdict(self) -> str:
        """An interval above 0 "holds", below it "contrary", in SAME "same", else "unclear"."""
        if self.low is None or self.high is None:
            return "unclear"
        if self.low > 0:
            return "holds"
        if self.high < 0:
            return "contrary"
        return "same" if self.low >= -SAME and self.high <= SAME else "unclear"


def effect(
    pairs: Sequence[tuple[Counts, Counts]], truth: Truth, measure: str, drawn: np.ndarray
) -> Effect | None:
    """What the first of each pair of one seed scores above the second; None where not measured.

    The interval is Student's over the seeds' differences. All seeds are scored on the same images,
    so how these were drawn shows in none of the differences' spread: the variance of their mean
    over the resamples `drawn` (see `blocks_drawn`) is added to that of the seeds.
    """
    if not pairs:
        return None
    # The images as they are, and then their resamples.
    counted = np.concatenate([np.ones((1, drawn.shape[1])), drawn])
    both = [[counts.score(measure, truth, counted) for counts in pair] for pair in pairs]
    differences = np.stack([first - second for first, second in both])
    each, resampled = differences[:, 0], differences[:, 1:].mean(axis=0)
    mean, seeds = float(each.mean()), len(pairs)
    if math.isnan(mean):
        return None
    if seeds == 1:
        return Effect(mean, None, None, 1)
    variance = float(each.var(ddof=1)) / seeds + float(np.nanvar(resampled, ddof=1))
    half = student_quantile((1 + LEVEL) / 2, seeds - 1) * math.sqrt(variance)
    return Effect(mean, mean - half, mean + half, seeds)


def blocks_drawn(blocks: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each image is in each resample of whole blocks, with replacement: R×N.

    `blocks`: N numbers, equal for images that go together, as frames of one video do.
    """
    _, block = np.unique(blocks, return_inverse=True)
    count, random = int(block.max()) + 1, np.random.default_rng(seed)
    return random.multinomial(count, np.full(count, 1 / count), size=resamples)[:, block]


@cache
def student_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t with `freedom` degrees stays below with that probability, ≥ ½."""
    low, high = 0.0, 1.0
    while student_below(high, freedom) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        if student_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return high


def student_below(value: float, freedom: int) -> float:
    """The probability that Student's t with `freedom` degrees (a whole number) is below `value`.

    Abramowitz and Stegun 1964, 26.7.3 and 26.7.4: finite sums, which spare a library.
    """
    angle = math.atan2(value, math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for number in range(odd, freedom - 1, 2):
        total += term
        term *= square * (number + 1) / (number + 2)
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return 0.5 + within / 2

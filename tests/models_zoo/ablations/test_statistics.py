"""Verdicts over seeds: Student's t against scipy, what resampled images add, exact scores."""

import numpy as np
import pytest
from scipy import stats

from models_zoo.ablations.results import Counts, Truth
from models_zoo.ablations.statistics import (
    Effect,
    blocks_drawn,
    effect,
    student_below,
    student_quantile,
)
from models_zoo.metrics import confusion, scores

IMAGES, CLASSES = 60, 3


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 8, 30, 99])
def test_students_t_is_scipys(freedom):
    for value in (0.0, 0.3, 1.0, 4.3, 12.7):
        assert student_below(value, freedom) == pytest.approx(stats.t.cdf(value, freedom))
    for probability in (0.6, 0.975, 0.995):
        wanted = stats.t.ppf(probability, freedom)
        assert student_quantile(probability, freedom) == pytest.approx(wanted)


def truth_of(images: int = IMAGES, blocks: np.ndarray | None = None) -> Truth:
    return Truth(
        {"failures": [("thin", 1)]},
        truth=np.full((images, CLASSES), 100),
        sizes=np.zeros((images, 3), int),
        failures=np.ones((images, 1), int),
        blocks=np.arange(images) if blocks is None else blocks,
    )


def told(pairs, truth: Truth) -> Effect | None:
    return effect(pairs, truth, "thin", blocks_drawn(truth.blocks))


def thin(values: np.ndarray) -> Counts:
    """An arm whose images score `values` in "thin"; their mean is its score."""
    none = np.zeros((len(values), CLASSES), int)
    return Counts({}, none, none, values * 0, np.zeros((len(values), 3)), values[:, None])


def test_without_spread_over_images_the_interval_is_scipys_paired_t():
    one, other = (0.61, 0.55, 0.70, 0.58, 0.66), (0.50, 0.51, 0.64, 0.49, 0.60)
    pairs = [
        (thin(np.full(IMAGES, a)), thin(np.full(IMAGES, b)))
        for a, b in zip(one, other, strict=True)
    ]
    found = told(pairs, truth_of())
    wanted = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(wanted))
    assert found.difference == pytest.approx(np.mean(one) - np.mean(other))
    assert found.verdict == "holds"


def test_images_add_the_variance_of_their_mean():
    """Two seeds whose differences are equal: what is left is how the images were drawn."""
    random = np.random.default_rng(1)
    gains = random.normal(0.1, 0.3, IMAGES)
    pairs = [(thin(gains), thin(np.zeros(IMAGES)))] * 2
    found = told(pairs, truth_of())
    half = (found.high - found.low) / 2
    wanted = stats.t.ppf(0.975, 1) * gains.std() / np.sqrt(IMAGES)
    assert half == pytest.approx(wanted, rel=0.1)


def test_frames_of_a_video_count_as_one():
    """Ten copies of six images tell as little as the six alone."""
    gains = np.repeat(np.random.default_rng(2).normal(0.1, 0.3, 6), 10)
    pairs = [(thin(gains), thin(np.zeros(60)))] * 3
    alone = told(pairs, truth_of())
    together = told(pairs, truth_of(blocks=np.repeat(np.arange(6), 10)))
    assert together.difference == alone.difference
    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(10**0.5, rel=0.15)


def test_whole_blocks_are_drawn():
    drawn = blocks_drawn(np.array([5, 5, 9, 9, 9]), resamples=50)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 2] == drawn[:, 4]).all()
    assert (drawn[:, 0] + drawn[:, 2] == 2).all()


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Seeds and images both drawn anew, 300 times."""
    random, hits = np.random.default_rng(3), 0
    for _ in range(300):
        images = random.normal(0, 0.4, IMAGES)
        pairs = [
            (thin(images + random.normal(0.05, 0.05)), thin(np.zeros(IMAGES))) for _ in range(5)
        ]
        found = told(pairs, truth_of())
        hits += found.low <= 0.05 <= found.high
    # Student's quantile of few seeds on top of the images' variance errs on the careful side.
    assert 0.93 <= hits / 300 <= 1.0


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.1, "holds"),
        (-0.1, -0.001, "contrary"),
        (-0.009, 0.009, "same"),
        (-0.011, 0.009, "unclear"),
        (-0.1, 0.2, "unclear"),
        (None, None, "unclear"),
    ],
)
def test_verdicts(low, high, verdict):
    assert Effect(0.0, low, high, 5).verdict == verdict


def test_one_seed_tells_nothing_of_others():
    found = told([(thin(np.ones(IMAGES)), thin(np.zeros(IMAGES)))], truth_of())
    assert (found.difference, found.low, found.seeds, found.verdict) == (1.0, None, 1, "unclear")
    assert told([], truth_of()) is None


def test_miou_of_kept_counts_is_the_splits():
    random = np.random.default_rng(0)
    masks = [(random.integers(0, 3, (9, 8)), random.integers(0, 3, (9, 8))) for _ in range(7)]
    counts = [confusion(truth, mask, CLASSES) for truth, mask in masks]
    truth = truth_of(7)
    pixels = np.stack([c.sum(axis=1) for c in counts])
    hits = np.stack([np.diag(c) for c in counts])
    truth = Truth(truth.about, pixels, truth.sizes, truth.failures, truth.blocks)
    arm = Counts(
        {},
        missed=pixels - hits,
        false=np.stack([c.sum(axis=0) for c in counts]) - hits,
        boundary=np.zeros(7),
        sizes=np.zeros((7, 3)),
        failures=np.zeros((7, 1)),
    )
    assert arm.score("miou", truth, np.ones((1, 7)))[0] == pytest.approx(
        scores(sum(counts))["miou"]
    )
    twice = np.array([[2, 1, 0, 1, 1, 1, 1]])
    wanted = scores(sum(counts) + counts[0] - counts[2])["miou"]
    assert arm.score("miou", truth, twice)[0] == pytest.approx(wanted)

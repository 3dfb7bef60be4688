"""The paired bootstrap tells a difference where there is one, and overfitting is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.scores.statistics import Counts, overfitting, paired_bootstrap
from models_zoo.metrics import confusion, image_counts, image_scores, scores


def predictions(quality: float, *, seed: int, images: int = 40) -> tuple[Counts, np.ndarray]:
    """Counts by image, and the summed confusion, of a model that is right on `quality` pixels."""
    truths = np.random.default_rng(7).integers(0, 4, (images, 24, 24), np.uint8)
    random = np.random.default_rng(seed)
    rows, total = [], np.zeros((5, 5), np.int64)
    for truth in truths:
        right = random.random(truth.shape) < quality + random.normal(0, 0.02)
        guess = np.where(right, truth, random.integers(0, 4, truth.shape, np.uint8))
        counts = confusion(truth, guess, 5)  # the fifth class never occurs
        rows.append(image_counts(counts))
        total += counts
    arrays = (np.array([row[name] for row in rows]) for name in ("hits", "truth", "predicted"))
    return Counts(*arrays), total


def test_the_difference_is_that_of_the_scores() -> None:
    (one, sum_one), (two, sum_two) = predictions(0.7, seed=1), predictions(0.8, seed=2)
    found = paired_bootstrap(one, two)
    expected = scores(sum_two)["miou"] - scores(sum_one)["miou"]
    assert found.difference == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high
    assert found.distinguishable
    assert found.wins == 1
    assert found.images == 40
    back = paired_bootstrap(two, one)
    assert (back.difference, back.wins) == (-found.difference, 0)
    assert back.distinguishable


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    (one, _), (two, _) = predictions(0.7, seed=1), predictions(0.72, seed=2)
    found, random, plain = paired_bootstrap(one, two), np.random.default_rng(5), []
    for _ in range(2000):
        drawn = random.integers(0, 40, 40)
        miou = []
        for counts in (one, two):
            hits, union = counts.hits[drawn].sum(axis=0), counts.union[drawn].sum(axis=0)
            miou.append((hits[:4] / union[:4]).mean())
        plain.append(miou[1] - miou[0])
    width = found.high - found.low
    expected = pytest.approx(np.percentile(plain, [2.5, 97.5]), abs=width / 10)
    assert (found.low, found.high) == expected


def test_frames_that_follow_each_other_are_drawn_together() -> None:
    """Five copies of each of eight images tell as little as the eight do."""
    (one, _), (two, _) = predictions(0.7, seed=1, images=8), predictions(0.72, seed=2, images=8)
    copies = [
        Counts(*(np.repeat(a, 5, 0) for a in (c.hits, c.truth, c.predicted))) for c in (one, two)
    ]
    eight, alone = paired_bootstrap(one, two), paired_bootstrap(*copies)
    together = paired_bootstrap(*copies, blocks=np.repeat(np.arange(8), 5).tolist())
    assert (together.low, together.high) == pytest.approx((eight.low, eight.high), abs=1e-12)
    assert alone.high - alone.low < 0.6 * (together.high - together.low)
    assert together.difference == alone.difference


def test_equal_models_are_not_told_apart() -> None:
    one, _ = predictions(0.7, seed=1)
    same = paired_bootstrap(one, one)
    assert (same.difference, same.low, same.high, same.wins) == (0, 0, 0, 0.5)
    assert not same.distinguishable
    other, _ = predictions(0.7, seed=3)
    found = paired_bootstrap(one, other)
    assert not found.distinguishable
    assert 0.2 < found.wins < 0.8


def test_again_the_same() -> None:
    (one, _), (two, _) = predictions(0.7, seed=1), predictions(0.71, seed=2)
    assert paired_bootstrap(one, two) == paired_bootstrap(one, two)


def test_other_images_cannot_be_paired() -> None:
    one, _ = predictions(0.7, seed=1)
    two = Counts(one.hits[:-1], one.truth[:-1], one.predicted[:-1])
    with pytest.raises(ValueError, match="same images"):
        paired_bootstrap(one, two)


def test_an_image_score_is_the_command_lines() -> None:
    counts, _ = predictions(0.7, seed=1)
    rows = [
        {"hits": hits, "truth": truth, "predicted": predicted}
        for hits, truth, predicted in zip(counts.hits, counts.truth, counts.predicted, strict=True)
    ]
    assert counts.image_miou.mean() == pytest.approx(image_scores(rows)["image_miou"])


RISING = [0.1 * n for n in range(1, 9)]
PEAKED = [0.2, 0.3, 0.4, 0.45, 0.44, 0.43, 0.42, 0.41]


def told(miou: list, train: list, loss: list) -> object:
    """What is said of eight epochs."""
    return overfitting(range(1, 9), miou, train_miou=train, loss=loss)


def test_overfitting_is_val_falling_while_train_rises() -> None:
    found = told(PEAKED, RISING, [1.0] * 8)
    assert found.since == 4
    assert found.fall == pytest.approx(0.45 - 0.42)
    assert found.rise == pytest.approx(0.7 - 0.4)


def test_without_train_scores_the_loss_tells() -> None:
    falling, flat = [1 / n for n in range(1, 9)], [0.5] * 8
    assert told(PEAKED, [None] * 8, falling).rise is None
    assert told(PEAKED, [None] * 8, flat) is None
    assert told(PEAKED, [None] * 8, [None] * 8) is None


@pytest.mark.parametrize(
    ("miou", "train"),
    [
        (RISING, RISING),
        (PEAKED, PEAKED),  # both fall: something else is wrong
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.45, 0.496], RISING),  # a bad epoch
        ([None] * 8, RISING),
    ],
)
def test_what_is_not_overfitting(miou: list, train: list) -> None:
    assert told(miou, train, [1.0] * 8) is None

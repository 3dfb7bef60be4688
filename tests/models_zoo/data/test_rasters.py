"""Run lengths beside COCO's own code, and back again; regions on one another."""

from __future__ import annotations

import numpy as np
import pytest

from models_zoo.data.rasters import Painting, compress, rle_decode, rle_encode, run_lengths


@pytest.mark.parametrize(
    ("rows", "counts", "text"),
    [
        ([[0, 0], [0, 0]], [4], "4"),
        ([[1, 1], [1, 1]], [0, 4], "04"),
        ([[0, 1], [1, 1]], [1, 3], "13"),
        ([[1, 0], [0, 1]], [0, 1, 2, 1], "0120"),
    ],
)
def test_by_hand(rows: list[list[int]], counts: list[int], text: str) -> None:
    assert run_lengths(np.array(rows, bool)) == counts
    assert compress(counts) == text


@pytest.mark.parametrize("seed", range(20))
def test_equals_pycocotools(seed: int) -> None:
    masks = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 300, 2))
    region = rng.random(shape) < rng.choice([0.0, 0.001, 0.5, 0.999, 1.0])
    region[: shape[0] // 2, : rng.integers(1, shape[1] + 1)] = True
    expected = masks.encode(np.asfortranarray(region.astype(np.uint8)))
    assert rle_encode(region) == expected["counts"].decode()
    assert np.array_equal(rle_decode(rle_encode(region), *shape), region)


def test_small_regions_are_seen_on_large_ones_whatever_their_order() -> None:
    random = np.random.default_rng(0)
    regions = [(number % 7 + 1, random.random((9, 11)) < random.random()) for number in range(40)]
    regions.append((9, regions[3][1]))  # as large as one before: the later one is seen
    painting, expected = Painting(9, 11), np.zeros((9, 11), np.uint8)
    for class_id, inside in regions:
        painting.add(class_id, inside)
    for class_id, inside in sorted(regions, key=lambda region: -int(region[1].sum())):
        expected[inside] = class_id
    assert np.array_equal(painting.mask, expected)

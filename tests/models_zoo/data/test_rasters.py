"""Run lengths beside COCO's own code, and back again; regions on one another."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from models_zoo.data import rasters
from models_zoo.data.rasters import (
    Painting,
    compress,
    polygon_fill,
    rle_decode,
    rle_encode,
    run_lengths,
)


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


def filled(corners: Sequence[Sequence[float]], height: int, width: int) -> np.ndarray:
    """Pixel by pixel: inside is what lies behind an odd number of sides of its row."""
    inside = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in pairwise([*corners, *corners[:1]]):
        for row in range(height):
            if min(y0, y1) <= row + 0.5 < max(y0, y1):
                x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
                for column in range(width):
                    inside[row, column] ^= x <= column + 0.5
    return inside


@pytest.mark.parametrize("at_once", [1, 50, 1 << 18])
@pytest.mark.parametrize("seed", range(40))
def test_a_polygon_holds_the_pixels_whose_centre_it_holds(
    seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasters, "_AT_ONCE", at_once)
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 25, 2).tolist()
    corners = rng.uniform(-0.5, 1.5, (rng.integers(0, 40), 2)) * (width, height)
    if seed % 2:  # through centres, level and upright, twice the same
        corners = np.round(corners * 2) / 2
    expected = filled(corners.tolist(), height, width)
    assert np.array_equal(polygon_fill(corners, height, width), expected)


def test_corners_cost_no_python_each() -> None:
    turns = np.linspace(0, 2 * math.pi, 20_000)
    corners = np.stack([300 + 200 * np.cos(turns), 200 + 100 * np.sin(turns)], axis=1)
    calls: list[str] = []

    def count(frame: Any, event: str, arg: object) -> None:
        calls.append(event)

    sys.setprofile(count)
    try:
        inside = polygon_fill(corners, 400, 600)
    finally:
        sys.setprofile(None)
    assert len(calls) < 5_000
    assert inside.sum() == pytest.approx(math.pi * 200 * 100, rel=1e-3)

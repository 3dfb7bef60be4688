"""COCO's shapes as pixels: polygons and run lengths.

Run lengths go down the columns, zeros first. Compressed, a run is written in groups of five bits
with a continuation bit, as the difference to the run before last (from the fourth on), each group
as one character from "0" on. This takes eighty lines; pycocotools would be a compiled dependency.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models_zoo.translation import gettext_noop as _

_FARTHEST = 1e9  # pixels
_AT_ONCE = 1 << 18  # of a polygon: so many rows times sides are computed together


class Painting:
    """Regions on class 0, the smaller over the larger: small ones stay seen.

    `mask`: the class of each pixel, H×W uint8. No region is kept: an image may have thousands.
    """

    def __init__(self, height: int, width: int) -> None:
        self.mask = np.zeros((height, width), np.uint8)
        self._areas = np.full((height, width), height * width, np.uint32)  # of what is seen

    def add(self, class_id: int, inside: np.ndarray) -> None:
        """Paints a region, H×W bool; of two that are as large the later one is seen."""
        area = np.count_nonzero(inside)
        seen = inside & (area <= self._areas)
        self.mask[seen], self._areas[seen] = class_id, area


def corners_of(numbers: Sequence[float]) -> np.ndarray:
    """x, y, x, y … as N×2. ValueError for what is no list of corners within any image's reach."""
    if len(numbers) % 2:
        raise ValueError(_("a polygon has an x without its y."))
    corners = np.asarray(numbers, float).reshape(-1, 2)
    # NaN too; and beyond a billion the arithmetic of filling is none.
    if not (abs(corners) <= _FARTHEST).all():
        raise ValueError(_("a corner is no number, or far outside of any image."))
    return corners


def segmentation_fill(segmentation: Any, height: int, width: int) -> np.ndarray:
    """The pixels of one object by its `segmentation`, height×width bool.

    Polygons as lists of x, y, x, y …, or run lengths as {"counts", "size"}. ValueError, TypeError,
    KeyError or ArithmeticError when it is neither.
    """
    if isinstance(segmentation, dict):
        size = segmentation.get("size", [height, width])
        if list(size) != [height, width]:
            raise ValueError(_(f"the runs' size is {size}, the image's {[height, width]}."))
        return rle_decode(segmentation["counts"], height, width)
    inside = np.zeros((height, width), bool)
    for polygon in segmentation:
        if not isinstance(polygon, list):
            raise ValueError(_("segmentation: a polygon should be a list of x, y, x, y and so on."))
        try:
            inside |= polygon_fill(corners_of(polygon), height, width)
        except ValueError as error:
            raise ValueError(f"segmentation: {error}") from error
    return inside


def polygon_fill(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels whose centre lies within a polygon, height×width bool.

    corners: N×2 of x and y; whole numbers lie between pixels. Parts outside are cut off.
    """
    # One column more takes the crossings that lie right of the picture.
    crossings = np.zeros((height, width + 1), np.int32)
    x0, y0, x1, y1 = np.concatenate([corners, np.roll(corners, -1, axis=0)], axis=1).T
    top, bottom = np.ceil(np.sort([y0, y1], axis=0) - 0.5).clip(0, height).astype(int)
    sides = np.flatnonzero(top < bottom)  # of no row are level ones, and what lies outside
    most = max(1, _AT_ONCE // max(1, height))
    for part in np.split(sides, range(most, len(sides), most)):
        rows = bottom[part] - top[part]
        side = np.repeat(part, rows)
        row = np.arange(side.size) + np.repeat(top[part] - (rows.cumsum() - rows), rows)
        x = x0[side] + (row + 0.5 - y0[side]) * (x1[side] - x0[side]) / (y1[side] - y0[side])
        np.add.at(crossings, (row, np.ceil(x - 0.5).clip(0, width).astype(int)), 1)
    # Even-odd: behind an odd number of crossings a pixel is inside.
    return crossings[:, :width].cumsum(axis=1) % 2 == 1


def rle_decode(counts: str | Sequence[int], height: int, width: int) -> np.ndarray:
    """Runs (compressed text or a list of lengths) → height×width bool.

    ValueError when they do not fill height × width pixels.
    """
    runs = _expand(counts) if isinstance(counts, str) else list(counts)
    # Before np.repeat, of which lying runs would ask any amount of memory.
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(_(f"The runs fill {sum(runs)} pixels instead of {height}×{width}."))
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def rle_encode(region: np.ndarray) -> str:
    """An H×W bool region as compressed runs; what `rle_decode` reads."""
    return compress(run_lengths(region))


def run_lengths(region: np.ndarray) -> list[int]:
    """The lengths of a region's runs of 0, 1, 0 … , H×W bool, read column by column."""
    pixels = np.concatenate([[0], region.ravel(order="F").astype(np.int8)])
    changes = np.flatnonzero(np.diff(pixels))
    return np.diff(np.concatenate([[0], changes, [pixels.size - 1]])).tolist()


def compress(runs: Sequence[int]) -> str:
    """Run lengths as COCO's text."""
    text = []
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            text.append(chr((group | 32 if more else group) + 48))
    return "".join(text)


def _expand(text: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in text:
        group = ord(character) - 48
        if not 0 <= group < 64:
            raise ValueError(_(f"{character!r} does not occur in compressed runs."))
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs

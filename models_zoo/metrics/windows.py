"""Binary masks, H×W bool, grown and shrunk by squares and discs; lengths in pixels."""

from __future__ import annotations

import numpy as np


def _window_sums(mask: np.ndarray, radius: int) -> np.ndarray:
    """How many pixels are set in the square of side 2·radius + 1 around each; none are outside."""
    side = 2 * radius + 1
    # A summed-area table: four reads for a square, however large it is.
    table = np.pad(mask, ((radius + 1, radius), (radius + 1, radius))).astype(np.int32)
    table = table.cumsum(axis=0, out=table).cumsum(axis=1, out=table)
    return table[side:, side:] - table[:-side, side:] - table[side:, :-side] + table[:-side, :-side]


def eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """The pixels whose square is all set: `radius` erosions by 3×3, unset outside the image."""
    whole: np.ndarray = _window_sums(mask, radius) == (2 * radius + 1) ** 2
    return whole


def dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """The pixels whose square is set somewhere: `radius` dilations by 3×3."""
    return _window_sums(mask, radius) > 0


def near(mask: np.ndarray, distance: float) -> np.ndarray:
    """The pixels within a Euclidean `distance` of one that is set; quick where few are."""
    reach = int(distance)
    offsets = np.arange(-reach, reach + 1)
    dy, dx = (grid.ravel() for grid in np.meshgrid(offsets, offsets, indexing="ij"))
    within = dy**2 + dx**2 <= distance**2
    # With a margin, so that no disc has to be cut at the image's border.
    grown = np.zeros(tuple(np.add(mask.shape, 2 * reach)), bool)
    width = grown.shape[1]
    rows, columns = np.nonzero(mask)
    centres = (rows + reach) * width + columns + reach
    # Boundaries are few pixels: their discs are stamped, and no map of distances is needed.
    grown.ravel()[(centres[:, None] + (dy * width + dx)[within]).ravel()] = True
    return grown[reach : reach + mask.shape[0], reach : reach + mask.shape[1]]

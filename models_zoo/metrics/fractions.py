"""Fractions of counts: NaN where there is nothing to count, and left out of means."""

from __future__ import annotations

import numpy as np


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part` by `whole`, of one shape; NaN where `whole` is 0."""
    fractions: np.ndarray = np.divide(
        part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0
    )
    return fractions


def mean_known(fractions: np.ndarray) -> np.ndarray:
    """Over the last axis, such as classes, without those that are NaN; NaN where all are."""
    known = ~np.isnan(fractions)
    return ratio(np.where(known, fractions, 0).sum(axis=-1), known.sum(axis=-1))

"""A data set whose decoded items stay in memory: an epoch asks for each of them again."""

from __future__ import annotations

import numpy as np

from models_zoo.data.base import DatasetSplit

KEPT_BYTES = 1 << 30


class Kept:
    """The items of a data set, the first 1 GiB of which are read, or drawn, only once."""

    def __init__(self, dataset: DatasetSplit) -> None:
        self.dataset = dataset
        self._items: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._bytes = 0

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and mask, to be read only. ValueError as from the data set."""
        if index in self._items:
            return self._items[index]
        image, mask = self.dataset.load(index)
        # What is kept stays: an epoch asks once for each item, so that one thrown out for a newer
        # one would never have been of use.
        if self._bytes < KEPT_BYTES:
            self._items[index] = image, mask
            self._bytes += image.nbytes + mask.nbytes
        return image, mask

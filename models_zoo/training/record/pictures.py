"""Images, true masks and predicted masks that a run keeps, so that people can look at them later.

`probes/<epoch>/<name>.png` are the masks of a few val images, `masks/<name>.png` those of the worst
ones under the final weights; the images themselves are `images/<name>.jpg`, `truth/<name>.png`.
Long names are cut (`models_zoo.files.short_name`).
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models_zoo.data.base import DatasetSplit
from models_zoo.files import short_name, write_atomically
from models_zoo.masks import mask_png
from models_zoo.metrics.regions import image_miou

PROBES, MASKS, IMAGES, TRUTH = "probes", "masks", "images", "truth"
WORST = 50
_QUALITY = 90


class RunPictures:
    """What of `dataset` is kept in a run's folder."""

    def __init__(self, folder: Path, dataset: DatasetSplit) -> None:
        self.folder, self.dataset = folder, dataset

    def keep_probe(self, index: int, mask: np.ndarray, *, epoch: int) -> None:
        """The mask that an epoch's weights gave an image."""
        self._keep_image(index)
        self._write(f"{PROBES}/{epoch:04d}", index, mask)

    def keep_mask(self, index: int, mask: np.ndarray) -> None:
        """The mask that the final weights gave an image."""
        self._write(MASKS, index, mask)

    def keep_worst(self, per_image: list[dict[str, Any]]) -> None:
        """Of all the final masks only those of the images with the lowest mIoU."""
        scored = [(image_miou(counts), index) for index, counts in enumerate(per_image)]
        # All masks were kept on the way: which are the worst is known at the end. An image without
        # a countable class comes last.
        order = sorted(scored, key=lambda pair: 2.0 if pair[0] is None else pair[0])
        for place, (_, index) in enumerate(order):
            if place < WORST:
                self._keep_image(index)
            else:
                self._path(MASKS, index).unlink(missing_ok=True)

    def _keep_image(self, index: int) -> None:
        path = self.folder / IMAGES / f"{short_name(self.dataset.name(index))}.jpg"
        if path.exists():
            return
        # The truth is written first: where the image lies, its truth does too.
        image, truth = self.dataset.load(index)
        self._write(TRUTH, index, truth)
        buffer = BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=_QUALITY)
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, buffer.getvalue())

    def _write(self, kind: str, index: int, mask: np.ndarray) -> None:
        path = self._path(kind, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, mask_png(mask, self.dataset.classes))

    def _path(self, kind: str, index: int) -> Path:
        return self.folder / kind / f"{short_name(self.dataset.name(index))}.png"

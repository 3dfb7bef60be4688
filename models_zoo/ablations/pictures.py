"""The image on which two arms differ most, with both masks, as small files beside the results."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from models_zoo.ablations import picture_path
from models_zoo.ablations.results import Counts, Truth
from models_zoo.ablations.scoring import Predict, test_items
from models_zoo.files import write_atomically
from models_zoo.masks import mask_png

QUALITY = 80


def telling_image(arm: Counts, against: Counts, truth: Truth) -> int:
    """The index of the image on which one of two arms is furthest ahead: the one that is ahead."""
    each = np.eye(len(truth.truth))
    gains = arm.score("miou", truth, each) - against.score("miou", truth, each)
    return int(np.nanargmax(gains if np.nansum(gains) >= 0 else -gains))


def pictures_write(
    folder: Path, name: str, index: int, *, data: str, split: str, sides: dict[str, Predict]
) -> None:
    """Writes image `index` as NAME.INDEX.image.webp, and NAME.INDEX.<side>.png for each of `sides`.

    The truth is a side too.
    """
    dataset, items = test_items(data, split)
    item = items[index]
    masks = {side: predict(item.image) for side, predict in sides.items()} | {"truth": item.truth}
    for side, mask in masks.items():
        write_atomically(picture_path(name, index, side, folder), mask_png(mask, dataset.classes))
    picture = BytesIO()
    Image.fromarray(item.image).save(picture, "WEBP", quality=QUALITY)
    # Last of all: where it is, the others are.
    write_atomically(picture_path(name, index, "image", folder), picture.getvalue())

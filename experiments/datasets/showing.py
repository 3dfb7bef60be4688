"""What a page shows of data: splits, classes with their shares, a few images with their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from PIL import Image

from experiments.records.sources import Source, data_open, data_sources
from models_zoo.data import DatasetSplit
from models_zoo.data.splits import SPLIT_NAMES
from models_zoo.masks import colourise

SHOWN = 8  # images of a split
SIDE = 480  # pixels of the longer side of a thumbnail
# An image is decoded while somebody waits, in the process that answers everybody.
MOST_PIXELS = 12_000_000
OVER = 0.6  # how much of a mask's colour lies over the image, as on every page


@dataclass(frozen=True)
class Split:
    """A split of some data: how many images, and the numbers of those that stand for it."""

    name: str
    images: int
    labelled: bool
    numbers: Sequence[int]


def source_find(spec: str) -> Source | None:
    """What is offered under this specification: nothing else is opened for a page."""
    return next((source for source in data_sources() if source.spec == spec), None)


def splits_of(spec: str) -> list[Split]:
    """The splits that are there, each with images spread over it."""
    found = []
    for name in SPLIT_NAMES:
        try:
            split = data_open(spec, name)
        except ValidationError:
            continue  # not every data set has all three
        numbers = np.unique(np.linspace(0, len(split) - 1, min(SHOWN, len(split))).astype(int))
        found.append(Split(name, len(split), split.labelled, numbers.tolist()))
    return found


def thumbnail(split: DatasetSplit, number: int, *, masked: bool) -> bytes:
    """An image as JPEG, with its mask over it if `masked`. ValueError when it is not to be had."""
    height, width = split.size(number)
    if height * width > MOST_PIXELS:
        raise ValueError(f"{split.name(number)} is too large to be shown.")
    pixels: np.ndarray = split.load_image(number)
    if masked:
        pixels = _masked(*split.load(number), split.classes, split.ignore_index)
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    content = BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()


def _masked(
    pixels: np.ndarray, mask: np.ndarray, classes: Any, ignore_index: int | None
) -> np.ndarray:
    """The image under the colours of its mask; as it is where the mask is ignored."""
    mixed = (1 - OVER) * pixels + OVER * colourise(mask, list(classes))
    seen = np.ones_like(mask, bool) if ignore_index is None else mask != ignore_index
    return np.where(seen[..., None], mixed, pixels).astype(np.uint8)

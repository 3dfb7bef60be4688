"""What a page shows of data: splits, and a few images with their masks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from PIL import Image

from experiments.records.sources import data_resolve, faults_told
from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.data.splits import SPLIT_NAMES
from models_zoo.masks import colourise

SHOWN = 8  # images of a split
SIDE = 480  # pixels of the longer side of a thumbnail
# An image is decoded while somebody waits, in the process that answers everybody.
MOST_PIXELS = 12_000_000
DECODING = BoundedSemaphore(2)
OVER = 0.6  # how much of a mask's colour lies over the image, as on every page
KEPT_SECONDS = 60  # a page asks for dozens of images, and to open a COCO file takes seconds


@dataclass(frozen=True)
class Split:
    """A split of some data: how many images, and the numbers of those that stand for it."""

    name: str
    images: int
    labelled: bool
    numbers: Sequence[int]


def split_open(spec: str, name: str) -> DatasetSplit:
    """A split of what can be named here. ValidationError when it is not there.

    Scenes are shown as they are offered, since drawing larger ones would take long.
    """
    if spec.startswith("scenes:"):
        raise ValidationError(spec)
    with faults_told():
        return _opened(data_resolve(spec), name, int(time.monotonic() / KEPT_SECONDS))


@lru_cache(maxsize=12)
def _opened(place: str, name: str, _moment: int) -> DatasetSplit:
    return open_dataset(place, name)


def splits_of(spec: str) -> list[Split]:
    """The splits that are there and in order, each with images spread over it."""
    found = []
    for name in SPLIT_NAMES:
        try:
            # What is wrong with a folder may show only when its files are counted.
            with faults_told():
                split = split_open(spec, name)
                images = len(split)
        except ValidationError:
            continue  # not every data set has all three
        numbers = np.unique(np.linspace(0, images - 1, min(SHOWN, images)).astype(int))
        found.append(Split(name, images, split.labelled, numbers.tolist()))
    return found


def thumbnail(split: DatasetSplit, number: int, *, masked: bool) -> bytes:
    """An image as JPEG, with its mask over it if `masked`. ValueError when it is not to be had."""
    height, width = split.size(number)
    if height * width > MOST_PIXELS:
        raise ValueError(f"{split.name(number)} is too large to be shown.")
    with DECODING:
        if masked:
            pixels, mask = split.load(number)
            shown = _masked(_shrunk(pixels), _shrunk(mask), split.classes, split.ignore_index)
        else:
            shown = _shrunk(split.load_image(number))
    content = BytesIO()
    Image.fromarray(shown).save(content, "JPEG", quality=85)
    return content.getvalue()


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """An image, or class ids, of which none may become another."""
    image = Image.fromarray(pixels)
    ids = pixels.ndim == 2
    image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST if ids else Image.Resampling.BICUBIC)
    return np.asarray(image)


def _masked(
    pixels: np.ndarray, mask: np.ndarray, classes: Any, ignore_index: int | None
) -> np.ndarray:
    """The image under the colours of its mask; as it is where the mask is ignored."""
    mixed = (1 - OVER) * pixels + OVER * colourise(mask, list(classes))
    seen = np.ones_like(mask, bool) if ignore_index is None else mask != ignore_index
    return np.where(seen[..., None], mixed, pixels).astype(np.uint8)

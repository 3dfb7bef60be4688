"""The data set `scenes`: the project's own street-and-river scenes, drawn when they are asked for.

`scenes` alone is 192×256 pixels; `scenes:360x480` another size. A split is a range of seeds, so
train, val and test never share a scene, whatever the size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from models_zoo.data.base import Dataset, missing_split
from models_zoo.data.scenes import CLASSES, IGNORE_INDEX, SPLITS, Scene, draw, split_seed

COUNTS = {"train": 2000, "val": 200, "test": 200}
DEFAULT_SIZE = (192, 256)
_REPRESENTATIVE = 100


class Scenes(Dataset):
    slug = "scenes"
    title = "Scenes"
    licence = "the project's own"
    source = "drawn by models_zoo.data.scenes from a seed"
    classes = CLASSES
    ignore_index = IGNORE_INDEX

    def __init__(self, size: str, split: str) -> None:
        if split not in SPLITS:
            raise missing_split(split, f"{split!r} in scenes", SPLITS)
        self.split = split
        self.input_size = _parse_size(size)

    def __len__(self) -> int:
        return COUNTS[self.split]

    def scene(self, index: int) -> Scene:
        """The whole scene with its instances, for the diagnosis of failures."""
        height, width = self.input_size
        return draw(seed=split_seed(self.split, index), height=height, width=width)

    def name(self, index: int) -> str:
        return f"{self.split}{index:05d}"

    def load_image(self, index: int) -> np.ndarray:
        return self.scene(index).image

    def load_mask(self, index: int) -> np.ndarray:
        return self.scene(index).mask

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        scene = self.scene(index)
        return scene.image, scene.mask

    def size(self, index: int) -> tuple[int, int]:
        return self.input_size

    def digest(self, index: int) -> str:
        return f"seed {split_seed(self.split, index)}"

    @cached_property
    def split_hash(self) -> str:
        """Of the sizes and of the first scenes, which change when the drawing does."""
        digest = hashlib.sha256(f"{self.split} {len(self)} {self.input_size}".encode())
        for index in range(4):
            scene = self.scene(index)
            digest.update(scene.image.tobytes() + scene.mask.tobytes())
        return digest.hexdigest()[:16]

    @property
    def audited(self) -> Sequence[int]:
        """A hundred stand for all: the same rules draw every scene."""
        return range(_REPRESENTATIVE)


def _parse_size(text: str) -> tuple[int, int]:
    if not text:
        return DEFAULT_SIZE
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if (
        not match
        or not 32 <= min(map(int, match.groups())) <= max(map(int, match.groups())) <= 4096
    ):
        raise ValueError(f"{text!r} is no size of scenes; write HEIGHTxWIDTH, 32 to 4096 pixels.")
    return int(match[1]), int(match[2])

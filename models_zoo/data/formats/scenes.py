"""The data set `scenes`: the project's own street-and-river scenes, drawn when they are asked for.

`scenes` alone is 2,000 scenes of 192×256 pixels to train on, and a tenth as many to score;
`scenes:360x480` is another size, `scenes:48x64:200` fewer of them, for a trial, and
`scenes:192x256:10000` so many that 1,000 are scored. A split is a range of seeds, so train, val and
test never share a scene, whatever the size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from models_zoo.data.base import DatasetSplit
from models_zoo.data.listing import missing_split
from models_zoo.data.scenes import CLASSES, IGNORE_INDEX, SPLITS, Scene, draw, split_seed
from models_zoo.data.scenes.diagnosis import Diagnosis
from models_zoo.data.scenes.samples import SAMPLES
from models_zoo.translation import gettext_noop as _

COUNT = 2000
MOST = 10_000
SCORED = 10  # one scene to score for as many to train on
DEFAULT_SIZE = (192, 256)
_REPRESENTATIVE = 100


class Scenes(DatasetSplit):
    """Scenes of the size and number that `form` says: "", "360x480" or "48x64:200"."""

    kind, form = "scenes", "scenes"
    slug = "scenes"
    title = "Scenes"
    licence = _("the project's own")
    source = "drawn by models_zoo.data.scenes from a seed"
    classes = CLASSES
    ignore_index = IGNORE_INDEX
    published = True
    diagnosis = Diagnosis
    samples = SAMPLES

    def __init__(self, form: str, split: str) -> None:
        if split not in SPLITS:
            raise missing_split(split, f"{split!r} in scenes", SPLITS)
        self.split = split
        self.input_size, count = _parse(form)
        self._count = count if split == "train" else count // SCORED
        self._last: tuple[int, Scene] | None = None

    def __len__(self) -> int:
        return self._count

    def scene(self, index: int) -> Scene:
        """The whole scene with its instances. It is to be read only."""
        # Drawing takes as long as a small network: whoever loads an item asks for its facts next.
        if self._last is None or self._last[0] != index:
            height, width = self.input_size
            seed = split_seed(self.split, index)
            self._last = index, draw(seed=seed, height=height, width=width)
        return self._last[1]

    def facts(self, index: int) -> Scene:
        return self.scene(index)

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

    def mask_size(self, index: int) -> tuple[int, int]:
        return self.input_size

    def digest(self, index: int) -> str:
        # A seed is its scene: none has to be drawn to find two that are equal.
        return f"seed {split_seed(self.split, index)}"

    @cached_property
    def split_hash(self) -> str:
        """Of the sizes and of the first scenes, which change when the drawing does."""
        digest = hashlib.sha256(f"{self.split} {len(self)} {self.input_size}".encode())
        for index in range(min(4, len(self))):
            scene = self.scene(index)
            digest.update(scene.image.tobytes() + scene.mask.tobytes())
        return digest.hexdigest()[:16]

    @property
    def audited(self) -> Sequence[int]:
        """A hundred stand for all: the same rules draw every scene."""
        return range(min(_REPRESENTATIVE, len(self)))


def _parse(form: str) -> tuple[tuple[int, int], int]:
    """Size and number of scenes to train on, from "", "HEIGHTxWIDTH" or "HEIGHTxWIDTH:COUNT"."""
    if not form:
        return DEFAULT_SIZE, COUNT
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})(?::(\d{1,5}))?", form)
    height, width, count = (int(part or COUNT) for part in match.groups()) if match else (0, 0, 0)
    if not (32 <= min(height, width) <= max(height, width) <= 4096 and SCORED <= count <= MOST):
        raise ValueError(
            _(
                f"{form!r} is no size of scenes; write HEIGHTxWIDTH, 32 to 4096 pixels, "
                f"or HEIGHTxWIDTH:COUNT, {SCORED} to {MOST} scenes."
            )
        )
    return (height, width), count

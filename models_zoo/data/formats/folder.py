"""Anyone's data set in a folder, with PATH/classes.json.

Images and masks (PNG, pixel = class id, same name) lie in PATH/<split>/images and
PATH/<split>/masks, or in PATH/images/<split> and PATH/masks/<split>, or in PATH/images and
PATH/masks. In the last case one image in five, chosen by its name, is `val` and the rest `train`.
The folder of `val` may be called valid or validation. Without a folder of masks a split is
unlabelled.

classes.json: {"classes": ["road", {"name": "car", "colour": "#2166ac"}, …], and at will "slug",
"title", "licence", "source", "ignore_index" (255), "input_size" ([height, width])}. Without
`input_size` the most common size of the split's images is taken.

Masks that hold something else than class ids say so: each class has a "value", a whole number of up
to 16 bits (0 and 255, say) or a colour ("#ff0000"), and void has "ignore_value".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from models_zoo.data.base import FileDataset
from models_zoo.data.description import DESCRIPTION, description_read
from models_zoo.data.findings import Finding
from models_zoo.data.listing import (
    existing_folder,
    image_files,
    left_out,
    missing_split,
    most_common_size,
    pair_files,
)
from models_zoo.data.splits import SPLIT_NAMES, halves_by_name
from models_zoo.images import image_size
from models_zoo.masks import read_mask
from models_zoo.translation import gettext_noop as _


class Folder(FileDataset):
    """The data set of the folder `path`, which says in classes.json what it is."""

    kind, form = "folder", "folder:PATH"
    marks = (DESCRIPTION,)
    describes_itself = True

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        described = description_read(self.root / DESCRIPTION)
        name = self.root.resolve().name
        self.classes = described.classes
        self.slug, self.slug_stated = described.slug or slug_of(name), bool(described.slug)
        self.title = described.title or name
        self.licence, self.source = described.licence, described.source
        self.ignore_index, self.ignore_stated = described.ignore_index, described.ignore_stated
        self._input_size, self._values = described.input_size, described.values
        self.meaning = self._values.meaning if self._values else b""
        self._images, self._masks = self._folders()
        self.labelled = self._masks.is_dir()

    def _folders(self) -> tuple[list[Path], Path]:
        """The split's images and the folder of its masks."""
        for name in SPLIT_NAMES.get(self.split, (self.split,)):
            for form in (f"{name}/{{}}", f"{{}}/{name}"):
                folder = self.root / form.format("images")
                if folder.is_dir():
                    self._folder = folder
                    return image_files(folder), self.root / form.format("masks")
        folder = self.root / "images"
        images = image_files(folder) if folder.is_dir() else []
        halves = halves_by_name(images, lambda path: path.name)
        if self.split not in halves or not images:
            others = [p.parent.name for p in self.root.glob("*/images")]
            others += [p.name for p in self.root.glob("images/*") if p.is_dir()]
            others += halves if images else ()
            raise missing_split(self.split, self.root / self.split / "images", others)
        self._folder = folder
        return halves[self.split], self.root / "masks"

    @cached_property
    def findings(self) -> Sequence[Finding]:  # type: ignore[override]  # an attribute elsewhere
        """What the folder holds besides: an audit's business, not of whoever lists data sets."""
        return left_out(self._folder, self.split)

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that classes.json gives, or the most common ones of the images."""
        if self._input_size:
            return self._input_size
        if not self._images:
            raise ValueError(_(f"The split {self.split!r} of {self.root} holds no image."))
        # By the first image alone, one thumbnail among photos would set the size of all.
        return most_common_size(self._images, image_size)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        if not self.labelled:
            # Without a truth the image stands for it, so that names and hashes work alike.
            return [(image, image) for image in self._images]
        return pair_files(self._images, self._masks)

    def load_mask(self, index: int) -> np.ndarray:
        path = self.pairs[index][1]
        return self._values.read(path) if self._values else read_mask(path)


def slug_of(name: str) -> str:
    """`name` as it may stand in a checkpoint's key: lower case, no hyphen."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:50] or "folder"

"""CVAT's "Segmentation mask 1.1", as Datumaro writes it too.

PATH/labelmap.txt gives each label its colour, PATH/SegmentationClass holds masks of these colours,
PATH/JPEGImages the images ("Save images" when exporting), and PATH/ImageSets/Segmentation a list of
names for each subset: Train, Validation (or val) and Test, however they are capitalised. A subset
of another name, such as CVAT's own `default`, is all there is: one image in five is `val`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from models_zoo.data.base import FileDataset
from models_zoo.data.findings import named
from models_zoo.data.formats.folder import slug_of
from models_zoo.data.labelling.labelmap import LABELMAP, labelmap_read
from models_zoo.data.labelling.values import ValueTable
from models_zoo.data.listing import (
    IMAGE_SUFFIXES,
    below,
    composed,
    existing_folder,
    images_require_apart,
    missing_split,
    most_common_size,
)
from models_zoo.data.splits import SPLIT_NAMES, halves_by_name
from models_zoo.files import text_read
from models_zoo.images import image_size
from models_zoo.translation import gettext_noop as _

_LISTS = "ImageSets/Segmentation"
_IMAGES, _MASKS = "JPEGImages", "SegmentationClass"


class Cvat(FileDataset):
    """An export of CVAT's in the folder `path`."""

    kind, form = "cvat", "cvat:PATH"
    marks = (LABELMAP,)
    describes_itself = True
    licence = _("unknown")
    ignore_index = None

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        self.title = self.source = self.root.resolve().name
        self.slug = slug_of(self.title)
        self.classes = labelmap_read(self.root / LABELMAP)
        colours = {int(entry["colour"][1:], 16): entry["id"] for entry in self.classes}
        self._table = ValueTable(colours, colours=True, place=LABELMAP)
        self.meaning = self._table.meaning
        self._names = self._of_this_split()

    def _of_this_split(self) -> list[str]:
        lists = sorted((self.root / _LISTS).glob("*.txt"))
        by_split = {
            split: [one for one in lists if one.stem.lower() in names]
            for split, names in SPLIT_NAMES.items()
        }
        if not any(by_split.values()):
            halves = halves_by_name(sorted(_lines(lists)), str)
            by_name = {split: names for split, names in halves.items() if lists}
        else:
            by_name = {split: sorted(_lines(some)) for split, some in by_split.items() if some}
        if self.split not in by_name:
            raise missing_split(self.split, self.root / _LISTS / f"{self.split}.txt", list(by_name))
        return by_name[self.split]

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that most images have."""
        return most_common_size([image for image, _ in self.pairs], image_size)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        images: dict[str, Path] = {}
        for path in (self.root / _IMAGES).rglob("*"):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                name = composed(str(path.relative_to(self.root / _IMAGES).with_suffix("")))
                if images.setdefault(name, path) != path:
                    images_require_apart([images[name], path], _IMAGES)
        masks = {name: self.root / _MASKS / f"{name}.png" for name in self._names}
        if lacking := [name for name in self._names if composed(name) not in images]:
            raise ValueError(
                _(
                    f"{len(lacking)} images are not in {self.root / _IMAGES}: {named(lacking)}. "
                    "Export with “Save images”."
                )
            )
        if lacking := [name for name, mask in masks.items() if not mask.is_file()]:
            where = self.root / _MASKS
            raise ValueError(_(f"{len(lacking)} images have no mask in {where}: {named(lacking)}."))
        pairs = [(images[composed(name)], below(self.root, mask)) for name, mask in masks.items()]
        images_require_apart([image for image, _ in pairs], _IMAGES)
        return pairs

    def load_mask(self, index: int) -> np.ndarray:
        return self._table.read(self.pairs[index][1])


def _lines(lists: list[Path]) -> set[str]:
    """The names in some lists, a name a line."""
    lines = [line.strip() for path in lists for line in text_read(path).splitlines()]
    return {line for line in lines if line}

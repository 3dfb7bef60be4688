"""Data sets in COCO's format: coco:IMAGES:ANNOTATIONS.json, with polygons and run lengths.

Classes are the categories in the order of their ids, which may have gaps, after class 0, the
background. Overlapping objects are painted from large to small, so that small ones stay seen;
crowds (`iscrowd`) are regions like any other, as in COCO's own tools.

The other splits lie where the name of the annotations (and of IMAGES, as in train2017) has another
of the words train, val (or valid, validation) and test, or where the folder has, as Roboflow lays
them out. A name without such a word is all there is: one image in five is `val`. A file without
annotations is an unlabelled split.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import named_classes, names_require
from models_zoo.data.coco_file import CocoFile
from models_zoo.data.findings import named
from models_zoo.data.formats.folder import slug_of
from models_zoo.data.listing import composed, existing_folder, missing_split, most_common_size
from models_zoo.data.rasters import Painting, segmentation_fill
from models_zoo.data.splits import SPLIT_NAMES, halves_by_name, names_a_split, split_place
from models_zoo.images import image_size
from models_zoo.translation import gettext_noop as _

_BACKGROUND = "background"
# Folders that say nothing of what is in them.
_PLAIN_NAMES = {"images", "image", "imgs", "img", "jpegimages", "data", "photos"}


class Coco(FileDataset):
    """Images in a folder and their annotations in a file, `places` as in IMAGES:ANNOTATIONS.json.

    No folder is recognised as one: nothing tells which file is meant.
    """

    kind, form = "coco", "coco:IMAGES:ANNOTATIONS.json"
    licence = _("unknown")
    ignore_index = None

    def __init__(self, places: str, split: str) -> None:
        images, separator, annotations = places.partition(":")
        if not separator:
            raise ValueError(_(f"{places!r} names no annotations. Give the data as {self.form}."))
        self.split = split
        self.title = self.source = _title(Path(images).resolve())
        self.slug = slug_of(self.title)
        self._file = split_place(Path(annotations), split)
        if not self._file.is_file():
            there = [w for w in SPLIT_NAMES if split_place(Path(annotations), w).is_file()]
            raise missing_split(split, self._file, there)
        folder = split_place(Path(images), split)
        # Images of all splits may lie in one folder.
        self.root = existing_folder(str(folder if folder.is_dir() else images), self.form)
        content = CocoFile(self._file)
        for category in content.categories:
            if category["name"].strip().lower() == _BACKGROUND:
                category["name"] = _BACKGROUND
        names_require([category["name"] for category in content.categories], self._file)
        objects = [c for c in content.categories if c["name"] != _BACKGROUND]
        self.classes = named_classes([_BACKGROUND, *(c["name"] for c in objects)])
        # A category called background is class 0, not a second one beside it.
        self._class_of = {c["id"]: 0 for c in content.categories}
        self._class_of |= {c["id"]: number for number, c in enumerate(objects, start=1)}
        self._annotations, self.labelled = content.by_image, content.labelled
        self._images = self._of_this_split(content.images)
        self.findings = content.findings(split)

    def _of_this_split(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        entries = sorted(entries, key=lambda entry: entry["file_name"])
        if not names_a_split(self._file):
            halves = halves_by_name(entries, lambda entry: Path(entry["file_name"]).name)
            if self.split not in halves:
                raise missing_split(self.split, f"{self.split!r} in {self._file}", list(halves))
            entries = halves[self.split]
        if not entries:
            raise ValueError(_(f"{self._file} names no image."))
        return entries

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that most images have: COCO's differ in size."""
        return most_common_size(range(len(self)), self.mask_size)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        root = self.root.resolve()
        paths = [self.root / entry["file_name"] for entry in self._images]
        # Names come from anyone's file, and must not lead to other files of this machine.
        outside = [str(path) for path in paths if not path.resolve().is_relative_to(root)]
        if outside:
            raise ValueError(_(f"{self._file.name} names images outside {root}: {named(outside)}."))
        return [(path, self._file) for path in paths]

    def name(self, index: int) -> str:
        path = Path(self._images[index]["file_name"])
        # With its folders: images of one name may lie in several of them.
        return composed("_".join(path.with_suffix("").parts))

    def mask_size(self, index: int) -> tuple[int, int]:
        """Height and width by the file, or by the image where the file has no use for them."""
        height, width = self._images[index]["height"], self._images[index]["width"]
        if height is None or width is None:
            return image_size(self.pairs[index][0])
        return height, width

    def load_mask(self, index: int) -> np.ndarray:
        entry, (height, width) = self._images[index], self.mask_size(index)
        painting = Painting(height, width)
        for annotation in self._annotations.get(entry["id"], ()):
            try:
                category = annotation["category_id"]
                if category not in self._class_of:
                    raise ValueError(_(f"category_id {category!r} is none of the categories."))
                inside = segmentation_fill(annotation["segmentation"], height, width)
                painting.add(self._class_of[category], inside)
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                number = annotation.get("id")
                where = _(f"annotation {number} of {entry['file_name']}")
                raise ValueError(f"{self._file.name}: {where}: {error}") from error
        return painting.mask

    @cached_property
    def split_hash(self) -> str:
        digest = hashlib.sha256(self._file.read_bytes())
        for index, (path, _mask) in enumerate(self.pairs):
            digest.update(composed(path.name).encode() + b"\0" + bytes.fromhex(self.digest(index)))
        return digest.hexdigest()[:16]


def _title(folder: Path) -> str:
    """The name of the nearest folder that says more than "images" or "train2017"."""
    for name in (part.name for part in (folder, *folder.parents)):
        plain = name.lower().rstrip("0123456789")
        if plain not in _PLAIN_NAMES and plain not in sum(SPLIT_NAMES.values(), ()):
            return name or folder.name
    return folder.name

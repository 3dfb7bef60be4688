"""YOLO's polygons: PATH/data.yaml, images, and a text file of polygons beside each.

data.yaml names the classes (`names`) and where the images of `train`, `val` and `test` lie: a
folder, a file that lists images, or several of these, relative to its own `path` or to itself. The
text of images/a.jpg is labels/a.txt; a line of it is a class and the corners of a polygon, as
fractions of width and height. Class 0 here is the background, since YOLO labels objects alone; an
image without a text holds none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import object_classes
from models_zoo.data.findings import Finding, lost_findings
from models_zoo.data.formats.folder import slug_of
from models_zoo.data.listing import (
    below,
    existing_folder,
    image_files,
    images_require_apart,
    missing_split,
    most_common_size,
)
from models_zoo.data.rasters import Painting, corners_of, polygon_fill
from models_zoo.data.splits import SPLIT_NAMES
from models_zoo.files import is_plain, text_read
from models_zoo.images import image_size
from models_zoo.translation import gettext_noop as _

DESCRIPTIONS = ("data.yaml", "data.yml")
_BEYOND = 1.01  # corners that a tool rounded over the edge
_BOX = 4
_LOST = _("%(count)d of %(all)d annotations of %(split)r are boxes, not polygons")


class Yolo(FileDataset):
    """The data set that data.yaml in the folder `path` describes."""

    kind, form = "yolo", "yolo:PATH"
    marks = DESCRIPTIONS
    describes_itself = True
    licence = _("unknown")
    ignore_index = None

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        self._file = next((p for p in self._descriptions() if p.is_file()), self.root / "data.yaml")
        content = _yaml_read(self._file)
        if "kpt_shape" in content:
            raise ValueError(_(f"{self._file}: these are key points (kpt_shape), not polygons."))
        names = content.get("names")
        # Either a list, or names by their numbers, which may be written in any order.
        if isinstance(names, dict) and set(names) == set(range(len(names))):
            names = [names[number] for number in range(len(names))]
        if not isinstance(names, list) or not all(map(is_plain, names)):
            raise ValueError(
                _(f"{self._file}: names should be a list of texts, or numbered from 0.")
            )
        self.classes, ids = object_classes(names, f"{self._file}: names")
        self._class_of = [ids[name] for name in names]
        # In another order, the same texts of labels are other masks.
        self.meaning = repr(self._class_of).encode()
        self.title = self.source = self.root.resolve().name
        self.slug = slug_of(self.title)
        self._images = self._of_this_split(content)
        self.labelled = any(label != image for image, label in self.pairs)

    def _descriptions(self) -> Iterator[Path]:
        return (self.root / name for name in DESCRIPTIONS)

    def _of_this_split(self, content: dict[str, Any]) -> list[Path]:
        names = SPLIT_NAMES.get(self.split, (self.split,))
        places = next((content[name] for name in names if content.get(name)), None)
        places = places if isinstance(places, list) else [places]
        if not all(is_plain(place) and place for place in places):
            there = [split for split in SPLIT_NAMES if content.get(split)]
            raise missing_split(self.split, f"{self.split!r} in {self._file}", there)
        base = content.get("path") or "."
        images = [
            image
            for place in places
            for image in self._images_at(str(place), base if is_plain(base) else ".")
        ]
        images_require_apart(images, f"{self.split!r} of {self._file.name}")
        return sorted(images, key=lambda image: image.name)

    def _images_at(self, place: str, base: str) -> list[Path]:
        """The images of one entry of data.yaml."""
        # As YOLO itself reads it: Roboflow writes ../train/images for train/images.
        bare = place.removeprefix("../")
        tried = [self.root / base / place, self.root / place, self.root / bare]
        inside = [one for one in tried if one.resolve().is_relative_to(self.root.resolve())]
        found = next((one for one in inside if one.exists()), None)
        if found is None:
            raise missing_split(self.split, f"{place!r} in {self.root}", [])
        if found.is_dir():
            return [below(self.root, image) for image in image_files(found)]
        listed = [line.strip() for line in text_read(found).splitlines() if line.strip()]
        # Relative to the list, to the folder, or to what data.yaml calls its path.
        starts = (found.parent, self.root, self.root / base)
        images = []
        for line in listed:
            options = [below(self.root, start / line) for start in starts[:2]]
            images.append(next((one for one in options if one.is_file()), options[0]))
        return images

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        # An image stands for a text that is not there, so that names and hashes work alike.
        labels = [below(self.root, _label_of(image, self.root)) for image in self._images]
        return [
            (image, label if label.is_file() else image)
            for image, label in zip(self._images, labels, strict=True)
        ]

    @cached_property
    def findings(self) -> Sequence[Finding]:  # type: ignore[override]  # an attribute elsewhere
        """What of the texts is left out."""
        lost: Counter[str] = Counter()
        kept = 0
        for image, label in self.pairs:
            if image == label:
                continue
            try:
                fields = [len(numbers) for _, numbers in _objects(label)]
            except ValueError:
                continue  # an audit names it when it loads the mask
            lost[_LOST] += fields.count(_BOX)
            kept += len(fields) - fields.count(_BOX)
        told = lost_findings(+lost, kept, self.split, "labels")
        bare = [image.name for image, label in self.pairs if image == label]
        if bare and self.labelled:
            says = _("%(count)d images of %(split)r have no text of labels, and are all background")
            values = {"count": len(bare), "split": self.split}
            told.append(Finding("bare", says, bare, False, values))
        return told

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that most images have."""
        return most_common_size(self._images, image_size)

    def mask_size(self, index: int) -> tuple[int, int]:
        """The image's: corners are fractions of it."""
        return self.size(index)

    def load_mask(self, index: int) -> np.ndarray:
        image, label = self.pairs[index]
        height, width = image_size(image)
        painting = Painting(height, width)
        for number, numbers in _objects(label) if label != image else ():
            if len(numbers) == _BOX:
                continue  # told
            if not 0 <= number < len(self._class_of):
                raise ValueError(_(f"{label.name}: class {number} is none of {self._file.name}'s."))
            corners = corners_of(numbers) * (width, height)
            painting.add(self._class_of[number], polygon_fill(corners, height, width))
        return painting.mask


def _label_of(image: Path, root: Path) -> Path:
    """The text of an image: in labels/ where the image is in images/, else beside it."""
    folder = image.parent.resolve()  # root may be written otherwise, or be a link
    parts = [*folder.relative_to(root.resolve()).parts, image.name]
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return root.joinpath(*parts).with_suffix(".txt")


def _objects(label: Path) -> Iterator[tuple[int, list[float]]]:
    """Class and numbers of each line. ValueError names the line that does not fit."""
    for place, line in enumerate(text_read(label).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        try:
            first, *numbers = map(float, fields)
        except ValueError as error:
            raise ValueError(_(f"{label.name}: line {place} holds no numbers.")) from error
        if not first.is_integer():
            raise ValueError(_(f"{label.name}: line {place} begins with {fields[0]}, no class."))
        if len(numbers) != _BOX and (len(numbers) < 6 or len(numbers) % 2):
            raise ValueError(
                _(f"{label.name}: line {place} is no class with three corners or more.")
            )
        if not all(1 - _BEYOND <= one <= _BEYOND for one in numbers):
            raise ValueError(
                _(
                    f"{label.name}: line {place} has a corner outside of the image; corners are "
                    "fractions of its width and height, from 0 to 1."
                )
            )
        yield int(first), numbers


def _yaml_read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(_(f"{path} is missing: it names the classes and where the images lie."))
    try:
        content = yaml.safe_load(text_read(path))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = " ".join(str(error).split())[:200]
        raise ValueError(_(f"{path} is no YAML of ours: {first}")) from error
    if not isinstance(content, dict):
        raise ValueError(_(f"{path} is no YAML of ours: it should hold names, train and val."))
    return content

"""labelme's JSON, a file beside each image: PATH/<split>/a.json, or PATH/a.json without splits.

In the latter case one image in five is `val`. Classes are the labels of all splits, by name, or in
the order of PATH/labels.txt, after class 0, the background (`_background_`); `__ignore__` is
ignored. Later shapes lie on earlier ones, as in labelme. An image without JSON was not labelled and
is left out.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import BACKGROUND, object_classes
from models_zoo.data.description import IGNORED, json_read, whole
from models_zoo.data.findings import Finding, lost_findings
from models_zoo.data.formats.folder import slug_of
from models_zoo.data.listing import (
    below,
    existing_folder,
    images_require_apart,
    missing_split,
    most_common_size,
)
from models_zoo.data.rasters import corners_of, polygon_fill
from models_zoo.data.splits import SPLIT_NAMES, halves_by_name
from models_zoo.files import is_plain, text_read
from models_zoo.images import image_size
from models_zoo.masks import read_values
from models_zoo.translation import gettext_noop as _

_IGNORE, _BACKGROUND = "__ignore__", "_background_"
_LOOKED_AT = 4096  # bytes
_LOST = _("%(count)d of %(all)d annotations of %(split)r are lines or points, which have no inside")
_LEAST = {"polygon": 3, "rectangle": 2, "circle": 2, "mask": 2}  # points of what has an inside


class Labelme(FileDataset):
    """The folder `path` that labelme has written to."""

    kind, form = "labelme", "labelme:PATH"
    licence = _("unknown")
    ignore_index = IGNORED

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        self.title = self.source = self.root.resolve().name
        self.slug = slug_of(self.title)
        by_split = {name: files for name in SPLIT_NAMES if (files := _split_files(self.root, name))}
        by_split = by_split or halves_by_name(_labelled_in(self.root), lambda file: file.name)
        contents = {file: _content(file) for files in by_split.values() for file in files}
        if split not in by_split or not contents:
            raise missing_split(split, self.root / split, list(by_split) if contents else [])
        labels = {shape["label"] for one in contents.values() for shape in one["shapes"]}
        self.classes, self._class_of = object_classes(*_in_order(self.root, labels))
        self._contents = [(file, contents[file]) for file in by_split[split]]

    @classmethod
    def lies_in(cls, folder: Path) -> bool:
        """By what the files hold, whatever they are called."""
        places = (path for place in (folder, folder / "train") for path in place.glob("*.json"))
        return any(map(_begins_as_labelme, places))

    @cached_property
    def findings(self) -> Sequence[Finding]:  # type: ignore[override]  # an attribute elsewhere
        """What of the shapes is left out."""
        shapes = [shape for _, content in self._contents for shape in content["shapes"]]
        lost = Counter(_LOST for shape in shapes if _kind(shape) not in _LEAST)
        return lost_findings(lost, len(shapes) - lost.total(), self.split, "*.json")

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that most images have."""
        return most_common_size([image for image, _ in self.pairs], image_size)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        pairs = [
            (below(self.root, path.parent / content["imagePath"].replace("\\", "/")), path)
            for path, content in self._contents
        ]
        images_require_apart([image for image, _ in pairs], f"{self.split!r} of {self.root.name}")
        return sorted(pairs, key=lambda pair: pair[0].name)

    @cached_property
    def _by_path(self) -> dict[Path, dict[str, Any]]:
        return dict(self._contents)

    def mask_size(self, index: int) -> tuple[int, int]:
        """Height and width of what was labelled, or the image's where that is not said."""
        content = self._by_path[self.pairs[index][1]]
        height, width = (whole(content.get(name)) for name in ("imageHeight", "imageWidth"))
        return (height, width) if height and width else self.size(index)

    def load_mask(self, index: int) -> np.ndarray:
        image, path = self.pairs[index]
        height, width = image_size(image)
        mask = np.zeros((height, width), np.uint8)
        for place, shape in enumerate(self._by_path[path]["shapes"]):
            if _kind(shape) not in _LEAST:
                continue  # told
            ignored = shape["label"] == _IGNORE
            class_id = IGNORED if ignored else self._class_of[_plain(shape["label"])]
            try:
                mask[_region(shape, height, width)] = class_id
            except (TypeError, ValueError, ArithmeticError) as error:
                raise ValueError(_(f"{path.name}: shape {place}: {error}")) from error
        return mask


def _split_files(root: Path, split: str) -> list[Path]:
    return [path for name in SPLIT_NAMES[split] for path in _labelled_in(root / name)]


def _labelled_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.json")) if _begins_as_labelme(path)]


def _begins_as_labelme(path: Path) -> bool:
    with path.open("rb") as file:
        begun = file.read(_LOOKED_AT).removeprefix(b"\xef\xbb\xbf").lstrip()
    # labelme's own order of fields: version, flags, shapes.
    return begun.startswith(b"{") and b'"shapes"' in begun


def _content(path: Path) -> dict[str, Any]:
    """A file's shapes with labels, and its image's path. ValueError when it has none."""
    content = json_read(path)
    if not isinstance(content, dict) or not is_plain(content.get("imagePath")):
        raise ValueError(_(f"{path} is not labelme's: imagePath should be a text."))
    # The image's own copy, which may be large; the file beside it is what is trained on.
    content.pop("imageData", None)
    shapes = content.get("shapes")
    if not isinstance(shapes, list):
        raise ValueError(_(f"{path} is not labelme's: shapes should be a list."))
    for place, shape in enumerate(shapes):
        if not isinstance(shape, dict) or not is_plain(shape.get("label")):
            raise ValueError(_(f"{path}: shape {place} has no label."))
    return content


def _in_order(root: Path, labels: set[str]) -> tuple[list[str], str]:
    """The classes' names, and where they stand."""
    file = root / "labels.txt"
    listed = [line.strip() for line in text_read(file).splitlines()] if file.is_file() else []
    place = str(file) if listed else f"{root}: the labels"
    if strange := sorted(labels - {_IGNORE, _BACKGROUND} - set(listed)) if listed else []:
        raise ValueError(_(f"{file} lacks labels of the shapes: {', '.join(strange[:5])}."))
    names = listed or sorted(labels)
    return list(dict.fromkeys(_plain(name) for name in names if name not in ("", _IGNORE))), place


def _plain(label: str) -> str:
    """A label as a class is called: labelme has a name of its own for the background."""
    return BACKGROUND if label == _BACKGROUND else label


def _kind(shape: dict[str, Any]) -> str:
    kind = shape.get("shape_type") or "polygon"
    return kind if isinstance(kind, str) else ""


def _region(shape: dict[str, Any], height: int, width: int) -> np.ndarray:
    """The pixels of a shape, height×width bool."""
    points = shape.get("points")
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        raise ValueError(_("points should be a list of [x, y]."))
    corners = corners_of([part for point in points for part in point])
    kind = _kind(shape)
    if len(corners) < _LEAST[kind]:
        raise ValueError(_(f"a {kind} has {_LEAST[kind]} points or more."))
    if kind == "polygon":
        return polygon_fill(corners, height, width)
    if kind == "circle":
        x, y = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
        radius = np.hypot(*(corners[1] - corners[0]))
        circle: np.ndarray = np.hypot(x - corners[0][0], y - corners[0][1]) <= radius
        return circle
    (left, top), (right, bottom) = corners[:2].min(axis=0), corners[:2].max(axis=0)
    if kind == "rectangle":
        outline = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return polygon_fill(outline, height, width)
    return _placed(shape.get("mask"), int(left), int(top), height, width)


def _placed(packed: Any, left: int, top: int, height: int, width: int) -> np.ndarray:
    """A mask that lies in the JSON as PNG in base64, at its place in the image."""
    if not isinstance(packed, str):
        raise ValueError(_("mask should be a PNG in base64."))
    try:
        values = read_values(BytesIO(base64.b64decode(packed)), colours=False)
    except binascii.Error as error:
        raise ValueError(_("mask should be a PNG in base64.")) from error
    inside = np.zeros((height, width), bool)
    if left < 0 or top < 0 or top + len(values) > height or left + values.shape[1] > width:
        raise ValueError(_("its mask reaches beyond the image."))
    inside[top : top + len(values), left : left + values.shape[1]] = values > 0
    return inside

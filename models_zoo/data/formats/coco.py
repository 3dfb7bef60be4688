"""Data sets in COCO's format: coco:IMAGES:ANNOTATIONS.json, with polygons and run lengths.

Classes are the categories in the order of their ids, which may have gaps, after class 0, the
background. Overlapping objects are painted from large to small, so that small ones stay seen.

The other splits lie where the name of the annotations (and of IMAGES, as in train2017) has another
of the words train, val and test. A name without such a word is all there is: one image in five is
`val`. A file without annotations is an unlabelled split.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.base import FileDataset, existing_folder, missing_split
from models_zoo.data.classes import named_classes
from models_zoo.data.formats.folder import slug_of, split_by_name
from models_zoo.data.rasters import polygon_fill, rle_decode

# A word for itself, as in train2017 and instances_val: not the val of a valley.
_SPLIT_WORD = re.compile(r"(?<![a-z])(train|val|test)(?![a-z])")
_BACKGROUND = "background"


class Coco(FileDataset):
    """Images in a folder and their annotations in a file, `places` as in IMAGES:ANNOTATIONS.json.

    No folder is recognised as one: nothing tells which file is meant.
    """

    kind, form = "coco", "coco:IMAGES:ANNOTATIONS.json"
    licence = "unknown"
    ignore_index = None

    def __init__(self, places: str, split: str) -> None:
        images, separator, annotations = places.partition(":")
        if not separator:
            raise ValueError(f"{places!r} names no annotations. Give the data as {self.form}.")
        self.split = split
        self.title = self.source = Path(images).resolve().name
        self.slug = slug_of(self.title)
        self._file = _of_split(Path(annotations), split)
        if not self._file.is_file():
            words = [
                w for w in ("train", "val", "test") if _of_split(Path(annotations), w).is_file()
            ]
            raise missing_split(split, self._file, words)
        folder = _of_split(Path(images), split)
        # Images of all splits may lie in one folder.
        self.root = existing_folder(str(folder if folder.is_dir() else images), self.form)
        self._fill(_content_read(self._file))

    def _fill(self, content: dict[str, Any]) -> None:
        categories = sorted(content["categories"], key=lambda entry: entry["id"])
        objects = [c for c in categories if c["name"].lower() != _BACKGROUND]
        self.classes = named_classes([_BACKGROUND, *(c["name"] for c in objects)])
        # A category called background is class 0, not a second one beside it.
        self._class_of = {c["id"]: 0 for c in categories}
        self._class_of |= {c["id"]: number for number, c in enumerate(objects, start=1)}
        self._annotations: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in content.get("annotations", []):
            self._annotations[annotation["image_id"]].append(annotation)
        self.labelled = bool(self._annotations)
        self._images = self._of_this_split(content["images"])
        # COCO's images differ in size; the most frequent one is trained for.
        sizes = Counter((entry["height"], entry["width"]) for entry in self._images)
        self.input_size = sizes.most_common(1)[0][0]

    def _of_this_split(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        entries = sorted(entries, key=lambda entry: entry["file_name"])
        if not _SPLIT_WORD.search(self._file.stem):
            halves = split_by_name([Path(entry["file_name"]) for entry in entries])
            if self.split not in halves:
                raise missing_split(self.split, f"{self.split!r} in {self._file}", list(halves))
            wanted = {path.as_posix() for path in halves[self.split]}
            entries = [entry for entry in entries if entry["file_name"] in wanted]
        if not entries:
            raise ValueError(f"{self._file} names no image.")
        return entries

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        root = self.root.resolve()
        paths = [self.root / entry["file_name"] for entry in self._images]
        # Names come from anyone's file, and must not lead to other files of this machine.
        outside = [str(path) for path in paths if not path.resolve().is_relative_to(root)]
        if outside:
            raise ValueError(f"{self._file.name} names images outside {root}: {outside[:5]}.")
        return [(path, self._file) for path in paths]

    def name(self, index: int) -> str:
        path = Path(self._images[index]["file_name"])
        # With its folders: images of one name may lie in several of them.
        return "_".join(path.with_suffix("").parts)

    def load_mask(self, index: int) -> np.ndarray:
        entry = self._images[index]
        height, width = entry["height"], entry["width"]
        mask = np.zeros((height, width), np.uint8)
        painted = []
        for annotation in self._annotations[entry["id"]]:
            try:
                inside = _inside(annotation["segmentation"], height, width)
                painted.append((inside, self._class_of[annotation["category_id"]]))
            except (KeyError, TypeError, ValueError) as error:
                number = annotation.get("id")
                message = f"{self._file.name}: annotation {number} of {entry['file_name']}: {error}"
                raise ValueError(message) from error
        for inside, class_id in sorted(painted, key=lambda part: -int(part[0].sum())):
            mask[inside] = class_id
        return mask

    @cached_property
    def split_hash(self) -> str:
        digest = hashlib.sha256(self._file.read_bytes())
        for index, (path, _) in enumerate(self.pairs):
            digest.update(path.name.encode() + b"\0" + bytes.fromhex(self.digest(index)))
        return digest.hexdigest()[:16]


def _of_split(path: Path, split: str) -> Path:
    """`path` with the split's word in its name, unless the name has none of the words."""
    return path.with_name(_SPLIT_WORD.sub(split, path.name))


def _content_read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for kind, fields in (
            ("images", ("id", "file_name", "height", "width")),
            ("categories", ("id", "name")),
        ):
            for entry in content[kind]:
                # Nothing but the look itself: a KeyError here is told with the file's name.
                [entry[field] for field in fields]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no COCO file: {error!r}.") from error
    return content


def _inside(segmentation: list[Any] | dict[str, Any], height: int, width: int) -> np.ndarray:
    """The pixels of one object, height×width bool."""
    if isinstance(segmentation, dict):
        return rle_decode(segmentation["counts"], height, width)
    inside = np.zeros((height, width), bool)
    for polygon in segmentation:
        inside |= polygon_fill(np.asarray(polygon, float).reshape(-1, 2), height, width)
    return inside

"""Anyone's data set in a folder, with PATH/classes.json.

Images and masks (PNG, pixel = class id, same name) lie in PATH/<split>/images and
PATH/<split>/masks, or in PATH/images/<split> and PATH/masks/<split>, or in PATH/images and
PATH/masks. In the last case one image in five, chosen by its name, is `val` and the rest `train`.
Without a folder of masks a split is unlabelled.

classes.json: {"classes": ["road", {"name": "car", "colour": "#2166ac"}, …], and at will "slug",
"title", "licence", "source", "ignore_index" (255), "input_size" ([height, width])}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from models_zoo.data.base import (
    FileDataset,
    existing_folder,
    image_files,
    missing_split,
    pair_files,
)
from models_zoo.data.classes import Classes, named_classes
from models_zoo.seeds import seed_for

DESCRIPTION = "classes.json"
_HELD_BACK = 5
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class Folder(FileDataset):
    """The data set of the folder `path`, which says in classes.json what it is."""

    kind, form = "folder", "folder:PATH"
    marks = (DESCRIPTION,)
    describes_itself = True

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        described = description_read(self.root / DESCRIPTION)
        self.classes = described["classes"]
        self.slug = described.get("slug") or slug_of(self.root.resolve().name)
        self.title = described.get("title") or self.root.resolve().name
        self.licence = described.get("licence", "unknown")
        self.source = described.get("source", "")
        self.ignore_index = described.get("ignore_index", 255)
        self._images, self._masks = self._folders()
        self.labelled = self._masks.is_dir()
        self.input_size = tuple(described.get("input_size") or self._first_size())

    def _folders(self) -> tuple[list[Path], Path]:
        """The split's images and the folder of its masks."""
        for form in (f"{self.split}/{{}}", f"{{}}/{self.split}"):
            if (self.root / form.format("images")).is_dir():
                images = image_files(self.root / form.format("images"))
                return images, self.root / form.format("masks")
        images = image_files(self.root / "images") if (self.root / "images").is_dir() else []
        halves = split_by_name(images)
        if self.split not in halves or not images:
            others = [p.parent.name for p in self.root.glob("*/images")]
            others += [p.name for p in self.root.glob("images/*") if p.is_dir()]
            others += halves if images else ()
            raise missing_split(self.split, self.root / self.split / "images", others)
        return halves[self.split], self.root / "masks"

    def _first_size(self) -> tuple[int, int]:
        if not self._images:
            raise ValueError(f"The split {self.split!r} of {self.root} holds no image.")
        return self.size(0)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        if not self.labelled:
            # Without a truth the image stands for it, so that names and hashes work alike.
            return [(image, image) for image in self._images]
        return pair_files(self._images, self._masks)


def slug_of(name: str) -> str:
    """`name` as it may stand in a checkpoint's key: lower case, no hyphen."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "folder"


def split_by_name(images: Sequence[Path]) -> dict[str, list[Path]]:
    """`train` and `val` of images that nobody has split, chosen by a hash of their names."""
    # By hash, not drawn: whoever opens the folder, and whenever, gets the same halves.
    ranked = sorted(images, key=lambda path: seed_for("split", path.name))
    # One at least: without val nothing could be scored.
    held_back = max(1, len(ranked) // _HELD_BACK)
    return {"train": sorted(ranked[held_back:]), "val": sorted(ranked[:held_back])}


def description_read(path: Path) -> dict[str, Any]:
    """classes.json with its classes as a class list. ValueError says what does not fit."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        entries = described["classes"]
        if not isinstance(entries, list):
            raise TypeError("classes is no list")
        names = [entry["name"] if isinstance(entry, dict) else entry for entry in entries]
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: it names the classes of the masks' ids.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f'{path} should hold {{"classes": ["road", …]}}: {error!r}.') from error
    # Masks are bytes, and 255 is what they ignore.
    if not 2 <= len(names) <= 255 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path} should name 2 to 255 classes.")
    return described | {"classes": _coloured(path, named_classes(names), entries)}


def _coloured(path: Path, classes: Classes, entries: list[Any]) -> Classes:
    for entry, given in zip(classes, entries, strict=True):
        colour = (
            given.get("colour", entry["colour"]) if isinstance(given, dict) else entry["colour"]
        )
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise ValueError(f"{path}: {colour!r} is no colour; write it as #rrggbb.")
        entry["colour"] = colour
    return classes

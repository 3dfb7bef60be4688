"""Label Studio's export as JSON, with brush and polygon labels, beside the images that it names.

PATH holds one export (any *.json of it) and the images, in whatever folders; or PATH/train,
PATH/val and perhaps PATH/test hold one each. Without splits one image in five is `val`. An image is
found by the name at the end of a task's address, with or without the eight digits that Label Studio
puts before the names of what is uploaded. Classes are the labels that occur, by name, after class
0, the background.

A task's newest annotation that was not cancelled counts; predictions do not, since nobody has
approved of them. Tasks without an annotation are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import object_classes
from models_zoo.data.description import json_read, whole
from models_zoo.data.findings import Finding, lost_findings, named
from models_zoo.data.formats.folder import slug_of
from models_zoo.data.labelling.brush import brush_decode
from models_zoo.data.listing import (
    IMAGE_SUFFIXES,
    composed,
    existing_folder,
    images_require_apart,
    missing_split,
    most_common_size,
)
from models_zoo.data.rasters import Painting, corners_of, polygon_fill
from models_zoo.data.splits import SPLIT_NAMES, halves_by_name
from models_zoo.files import is_plain
from models_zoo.images import image_size
from models_zoo.translation import gettext_noop as _

_LABELS = ("brushlabels", "polygonlabels", "labels")
_UPLOADED = re.compile(r"[0-9a-f]{8}-")
_LOOKED_AT = 4096  # bytes of a file that tell whether it is an export
_LOST = _("%(count)d of %(all)d annotations of %(split)r are no brush or polygon of one label")


class LabelStudio(FileDataset):
    """An export in the folder `path`."""

    kind, form = "label_studio", "label_studio:PATH"
    licence = _("unknown")
    ignore_index = None

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        self.title = self.source = self.root.resolve().name
        self.slug = slug_of(self.title)
        exports = {name: file for name in SPLIT_NAMES if (file := _split_export(self.root, name))}
        whole_export = None if exports else _export_in(self.root)
        if split not in exports and not whole_export:
            raise missing_split(split, f"export of Label Studio's in {self.root}", list(exports))
        files = list(exports.values()) + ([whole_export] if whole_export else [])
        tasks = {file: _tasks(file) for file in files}
        labels = sorted({label for some in tasks.values() for label in _labels_of(some)})
        # Of all splits, so that these have one class list.
        self.classes, self._class_of = object_classes(labels, f"{files[0]}: the labels")
        self._file = exports.get(split, files[0])
        self._tasks = self._with_images(tasks[self._file])
        if whole_export:
            halves = halves_by_name(self._tasks, lambda pair: pair[0].name)
            if split not in halves or not self._tasks:
                raise missing_split(split, f"{split!r} in {self._file}", list(halves))
            self._tasks = halves[split]
        images_require_apart([image for image, _ in self._tasks], self._file.name)

    @classmethod
    def lies_in(cls, folder: Path) -> bool:
        """By what a file holds: an export may have any name."""
        places = (path for place in (folder, folder / "train") for path in place.glob("*.json"))
        return any(map(_begins_as_export, places))

    def _with_images(self, tasks: list[dict[str, Any]]) -> list[tuple[Path, dict[str, Any]]]:
        """Each annotated task with its image, by the image's name."""
        by_name: dict[str, list[Path]] = {}
        for path in sorted(self._file.parent.rglob("*")):
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
                by_name.setdefault(composed(path.name), []).append(path)
        found, lacking = [], []
        for task in tasks:
            if not _annotation(task):
                continue
            names = [name for value in task["data"].values() for name in _file_names(value)]
            there = {by_name[name][0]: by_name[name] for name in names if name in by_name}
            image = next(iter(there.values()), None)
            if image is None:
                lacking.append(names[0] if names else f"task {task.get('id')}")
            elif len(there) > 1:  # and nothing says which of them a region was drawn on
                shown = named([path.name for path in there])
                raise ValueError(_(f"Task {task.get('id')} has several images: {shown}."))
            elif len(image) > 1:
                raise ValueError(
                    _(f"Several images are called {image[0].name}; rename one of each.")
                )
            else:
                found.append((image[0], task))
        if lacking:
            raise ValueError(
                _(
                    f"{len(lacking)} images of {self._file.name} are not in {self._file.parent}: "
                    f"{named(lacking)}. Put them beside it."
                )
            )
        self._bare = len(tasks) - len(found)
        return sorted(found, key=lambda pair: pair[0].name)

    @cached_property
    def findings(self) -> Sequence[Finding]:  # type: ignore[override]  # an attribute elsewhere
        """What of the export is left out."""
        lost: Counter[str] = Counter()
        kept = 0
        for _image, task in self._tasks:
            for result in _annotation(task)["result"]:
                if _is_twin(result):
                    continue
                drawn = _label(result) is not None
                lost[_LOST] += not drawn
                kept += drawn
        told = lost_findings(+lost, kept, self.split, self._file.name)
        if self._bare:
            says = _("%(count)d tasks of %(file)s have no annotation and are left out")
            values = {"count": self._bare, "file": self._file.name}
            told.append(Finding("bare", says, [], False, values))
        several = [
            image.name
            for image, task in self._tasks
            if len([one for one in task["annotations"] if not one.get("was_cancelled")]) > 1
        ]
        if several:
            says = _(
                "%(count)d images of %(split)r have several annotations; the newest of each is read"
            )
            values = {"count": len(several), "split": self.split}
            told.append(Finding("several", says, several, False, values))
        return told

    @cached_property
    def input_size(self) -> tuple[int, int]:  # type: ignore[override]  # an attribute elsewhere
        """Height and width that most images have."""
        return most_common_size([image for image, _ in self._tasks], image_size)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        return [(image, self._file) for image, _ in self._tasks]

    def mask_size(self, index: int) -> tuple[int, int]:
        """Height and width that were labelled, or the image's where nothing was."""
        for result in _annotation(self._tasks[index][1])["result"]:
            sides = [whole(result.get(f"original_{side}")) for side in ("height", "width")]
            if _label(result) is not None and all(side and side > 0 for side in sides):
                return sides[0] or 0, sides[1] or 0
        return self.size(index)

    def load_mask(self, index: int) -> np.ndarray:
        image, task = self._tasks[index]
        height, width = image_size(image)
        if self.mask_size(index) != (height, width):
            raise ValueError(_(f"{image.name} has another size than it had when it was labelled."))
        painting = Painting(height, width)
        for result in _annotation(task)["result"]:
            label = _label(result)
            if label is None or _is_twin(result):
                continue  # told
            try:
                painting.add(self._class_of[label], _region(result, height, width))
            except (TypeError, ValueError, ArithmeticError) as error:
                raise ValueError(
                    _(f"{self._file.name}: region {result.get('id')} of {image.name}: {error}")
                ) from error
        return painting.mask


def _split_export(root: Path, split: str) -> Path | None:
    folders = (root / name for name in SPLIT_NAMES[split])
    return next((file for folder in folders if (file := _export_in(folder))), None)


def _export_in(folder: Path) -> Path | None:
    """The one file of `folder` that begins as an export does. ValueError for several."""
    exports = [path for path in sorted(folder.glob("*.json")) if _begins_as_export(path)]
    if len(exports) > 1:
        raise ValueError(
            _(f"{folder} holds several exports: {named([one.name for one in exports])}.")
        )
    return exports[0] if exports else None


def _begins_as_export(path: Path) -> bool:
    with path.open("rb") as file:
        begun = file.read(_LOOKED_AT).removeprefix(b"\xef\xbb\xbf").lstrip()
    # A task's own fields come first, and `annotations` is the second of them.
    return begun.startswith(b"[") and b'"annotations"' in begun and b'"id"' in begun


def _tasks(file: Path) -> list[dict[str, Any]]:
    """The tasks of an export, each with a `data` and a list of `annotations`. ValueError if not."""
    tasks = json_read(file)
    if not isinstance(tasks, list):
        raise ValueError(_(f"{file} is no export of Label Studio's: it should be a list of tasks."))
    for place, task in enumerate(tasks):
        annotations = task.get("annotations") if isinstance(task, dict) else None
        if not isinstance(annotations, list) or not isinstance(task.get("data"), dict):
            raise ValueError(
                _(
                    f"{file}: task {place} has no data and annotations. Export as “JSON”, not as "
                    "“JSON-MIN”."
                )
            )
        for annotation in annotations:
            results = annotation.get("result") if isinstance(annotation, dict) else None
            if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
                raise ValueError(
                    _(f"{file}: an annotation of task {place} has no list of results.")
                )
    return tasks


def _annotation(task: dict[str, Any]) -> dict[str, Any]:
    """The newest annotation that counts; empty where there is none."""
    kept = [one for one in task["annotations"] if not one.get("was_cancelled")]
    # As Label Studio writes times, later ones sort behind; those without one keep their order.
    return max(kept, key=lambda one: str(one.get("updated_at") or ""), default={})


def _labels_of(tasks: list[dict[str, Any]]) -> Iterator[str]:
    results = (one for task in tasks for one in _annotation(task).get("result", ()))
    return (label for one in results if (label := _label(one)) is not None)


def _label(result: dict[str, Any]) -> str | None:
    """The label of a region that can be painted; None for anything else."""
    value = result.get("value")
    if not isinstance(value, dict) or not ("rle" in value or "points" in value):
        return None
    labels = next((value[kind] for kind in _LABELS if value.get(kind)), None)
    one = labels[0] if isinstance(labels, list) and len(labels) == 1 else None
    return one if is_plain(one) else None


def _is_twin(result: dict[str, Any]) -> bool:
    """A region without labels, which follow in a result of their own, with the region once more."""
    return result.get("type") in ("brush", "polygon")


def _region(result: dict[str, Any], height: int, width: int) -> np.ndarray:
    """The pixels of a region, height×width bool."""
    if result.get("image_rotation"):
        raise ValueError(_("the image was turned while it was labelled."))
    value = result["value"]
    if "rle" in value:
        if not isinstance(value["rle"], list):
            raise ValueError(_("rle should be a list of bytes."))
        return brush_decode(value["rle"], height, width)
    points = value["points"]
    if isinstance(points, list) and len(points) < 3:
        raise ValueError(_("a polygon has three corners or more."))
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        raise ValueError(_("points should be a list of [x, y]."))
    # In percent of the image.
    corners = corners_of([part for point in points for part in point]) * (width / 100, height / 100)
    return polygon_fill(corners, height, width)


def _file_names(value: Any) -> Iterator[str]:
    """What the file may be called that a task's address ends in."""
    if not is_plain(value):
        return
    try:
        address = urlsplit(value)
    except ValueError:  # no address that could be taken apart
        return
    # Local storage: /data/local-files/?d=images/a.jpg
    path = next(iter(parse_qs(address.query).get("d", ())), address.path)
    name = composed(PurePosixPath(unquote(path)).name)
    yield name
    if _UPLOADED.match(name):
        yield name[9:]

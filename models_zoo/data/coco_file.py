"""A COCO file's content, looked at once: what fits, and what of it would be lost in silence.

What no image could be made of is one sentence with file and field (ValueError). An annotation that
paints nothing is counted: its image would be trained on as background.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from models_zoo.data.classes import MOST_CLASSES
from models_zoo.data.description import json_read, whole
from models_zoo.data.findings import Finding, lost_findings
from models_zoo.files import is_plain
from models_zoo.translation import gettext_noop as _

_LARGEST_SIDE = 65_535
_UNMEASURED = {"height": None, "width": None}
_NO_OBJECT = _("%(count)d of %(all)d annotations of %(split)r are no objects")
_NO_MASK = _("%(count)d of %(all)d annotations of %(split)r have no segmentation")
_NO_IMAGE = _("%(count)d of %(all)d annotations of %(split)r name no image of the file")
_NO_AREA = _(
    "%(count)d of %(all)d annotations of %(split)r have polygons of fewer than three corners"
)


class CocoFile:
    """The images, categories and annotations of the file `path`.

    images: entries with `id`, `file_name` and whole `height` and `width`, or None for both.
    categories: entries with `id` and `name`, by id, without those that only name a group.
    by_image: the annotations that paint something, by the image's id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = json_read(path)
        if not isinstance(content, dict):
            raise ValueError(_(f"{path} is no COCO file: it should hold images and categories."))
        annotations = self._entries(content, "annotations") if "annotations" in content else []
        self.images = self._entries(content, "images")
        self._check_images()
        self._unmeasured = [image["file_name"] for image in self.images if image["height"] is None]
        self.labelled = bool(annotations)
        self._lost: Counter[str] = Counter()
        self.by_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        known = {image["id"] for image in self.images}
        for annotation in annotations:
            if reason := _lost_by(annotation, known):
                self._lost[reason] += 1
            else:
                annotation["category_id"] = _id_of(annotation.get("category_id"))
                self.by_image[_id_of(annotation["image_id"])].append(annotation)
        self.categories = self._categories(content, annotations)

    def findings(self, split: str) -> list[Finding]:
        """What of the file is lost or guessed, with counts."""
        kept = sum(map(len, self.by_image.values()))
        told = lost_findings(self._lost, kept, split, self.path.name)
        for field in ("id", "file_name"):
            counts = Counter(image[field] for image in self.images)
            twice = [str(value) for value, count in counts.items() if count > 1]
            if twice:
                says = _(
                    "%(count)d values of %(field)s in images of %(file)s are there more than once: "
                    "nobody can tell whose the annotations are"
                )
                values = {"count": len(twice), "field": field, "file": self.path.name}
                told.append(Finding("twice", says, twice, True, values))
        if self._unmeasured:
            says = _(
                "%(count)d images of %(split)r have no usable height and width in %(file)s; they "
                "are read from the images"
            )
            values = {"count": len(self._unmeasured), "split": split, "file": self.path.name}
            told.append(Finding("unmeasured", says, self._unmeasured, False, values))
        return told

    def _entries(self, content: dict[str, Any], field: str) -> list[Any]:
        entries = content.get(field)
        if not isinstance(entries, list):
            raise ValueError(_(f"{self.path} is no COCO file: {field} should be a list."))
        return entries

    def _check_images(self) -> None:
        for place, image in enumerate(self.images):
            field = _(f"{self.path}: images, entry {place}")
            if not isinstance(image, dict):
                raise ValueError(_(f"{field} is no object."))
            image["id"] = _id_of(image.get("id"))
            if image["id"] is None:
                raise ValueError(_(f"{field}: id should be a whole number or a text."))
            if not is_plain(image.get("file_name")) or not image["file_name"]:
                raise ValueError(_(f"{field}: file_name is no text."))
            height, width = whole(image.get("height")), whole(image.get("width"))
            usable = all(side and 1 <= side <= _LARGEST_SIDE for side in (height, width))
            image |= {"height": height, "width": width} if usable else _UNMEASURED

    def _categories(self, content: dict[str, Any], annotations: list[Any]) -> list[dict[str, Any]]:
        categories = self._entries(content, "categories")
        for place, category in enumerate(categories):
            field = _(f"{self.path}: categories, entry {place}")
            if not isinstance(category, dict) or _id_of(category.get("id")) is None:
                raise ValueError(_(f"{field}: id should be a whole number or a text."))
            category["id"] = _id_of(category["id"])
            if not is_plain(category.get("name")):
                raise ValueError(_(f"{field}: name is no text."))
        ids = [category["id"] for category in categories]
        if len({type(number) for number in ids}) > 1:
            raise ValueError(_(f"{self.path}: the ids in categories should be of one kind."))
        if len(set(ids)) < len(ids):
            raise ValueError(_(f"{self.path}: an id in categories is there more than once."))
        used = {_id_of(a.get("category_id")) for a in annotations if isinstance(a, dict)}
        categories = [c for c in categories if not _names_a_group(c, categories, used)]
        # Class 0 is the background.
        if not 1 <= len(categories) < MOST_CLASSES:
            raise ValueError(
                _(
                    f"{self.path}: categories should name 1 to {MOST_CLASSES - 1} classes, "
                    f"not {len(categories)}."
                )
            )
        return sorted(categories, key=lambda category: category["id"])


def _id_of(value: Any) -> int | str | None:
    """An id as images and annotations share it: 7 for 7.0; None for what is none."""
    return value if isinstance(value, str) else whole(value)


def _lost_by(annotation: Any, images: set[Any]) -> str:
    """The sentence of why an annotation paints nothing; "" for one that does."""
    if not isinstance(annotation, dict):
        return _NO_OBJECT
    image = _id_of(annotation.get("image_id"))
    if image is None or image not in images:
        return _NO_IMAGE
    segmentation = annotation.get("segmentation")
    if not segmentation:
        return _NO_MASK
    # Two corners enclose nothing. What is no list of corners is told when it is painted.
    polygons = segmentation if isinstance(segmentation, list) else []
    if polygons and all(isinstance(one, list) and len(one) in (0, 2, 4) for one in polygons):
        return _NO_AREA
    return ""


def _names_a_group(
    category: dict[str, Any], categories: list[dict[str, Any]], used: set[int | str | None]
) -> bool:
    """Roboflow's first category: what all the others have as their supercategory, and no object."""
    others = [other for other in categories if other is not category]
    return (
        bool(others)
        and category["id"] not in used
        and category.get("supercategory") in (None, "", "none")
        and all(other.get("supercategory") == category["name"] for other in others)
    )

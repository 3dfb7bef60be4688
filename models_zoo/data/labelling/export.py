"""Masks as labelling tools take them in: Label Studio's tasks, CVAT's archive, YOLO's polygons.

The background is what nothing is drawn on: it has no region. CVAT's masks alone hold it, in its
colour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from PIL import Image

from models_zoo.data.classes import BACKGROUND, Classes, named_classes
from models_zoo.data.labelling.brush import brush_encode
from models_zoo.data.labelling.labelmap import LABELMAP, labelmap_text
from models_zoo.data.labelling.outlines import outlines
from models_zoo.masks import colourise

Masks = Iterable[tuple[str, np.ndarray]]  # the image's file name, H×W class ids
_DECIMALS = 7  # of a fraction of the image: a pixel of 65,535 is 152 of the last


def label_studio_pieces(masks: Masks, classes: Classes, model: str) -> Iterator[bytes]:
    """A JSON of tasks, each with its mask as a prediction: brushes, which people then correct."""
    yield b"["
    for number, (name, mask) in enumerate(masks):
        task = {"data": {"image": name}, "predictions": [prediction(mask, classes, model)]}
        yield (b",\n" if number else b"") + json.dumps(task).encode()
    yield b"]\n"


def prediction(mask: np.ndarray, classes: Classes, model: str) -> dict[str, Any]:
    """An H×W mask as Label Studio's prediction, for the tags `<Image name="image">` and "tag"."""
    height, width = mask.shape
    return {
        "model_version": model,
        "result": [
            {
                "id": f"class{entry['id']}",
                "type": "brushlabels",
                "from_name": "tag",
                "to_name": "image",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": {
                    "format": "rle",
                    "rle": brush_encode(region),
                    "brushlabels": [entry["name"]],
                },
            }
            for entry, region in _regions(mask, classes)
        ],
    }


def cvat_pieces(masks: Masks, classes: Classes, model: str) -> Iterator[bytes]:
    """CVAT's "Segmentation mask 1.1": masks in the labels' colours, the colours, and a list."""
    if len({entry["colour"] for entry in classes}) < len(classes):
        classes = named_classes(entry["name"] for entry in classes)
    names, stream = [], _Stream()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # as `_Stream` says
        for name, mask in masks:
            content = BytesIO()
            Image.fromarray(colourise(mask, classes)).save(content, "PNG", compress_level=1)
            archive.writestr(f"SegmentationClass/{_stem(name)}.png", content.getvalue())
            names.append(_stem(name))
            yield stream.taken()
        archive.writestr(LABELMAP, labelmap_text(classes))
        lines = "".join(f"{name}\n" for name in names)
        archive.writestr("ImageSets/Segmentation/default.txt", lines)
    yield stream.taken()


def yolo_pieces(masks: Masks, classes: Classes, model: str) -> Iterator[bytes]:
    """YOLO's data.yaml and a text of polygons for each image; these belong into images/."""
    drawn = [entry for entry in classes if not _is_background(entry)]
    numbers = {entry["id"]: number for number, entry in enumerate(drawn)}
    stream = _Stream()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # as `_Stream` says
        for name, mask in masks:
            height, width = mask.shape
            lines = [
                " ".join([str(numbers[entry["id"]]), *_fractions(polygon, height, width)])
                for entry, region in _regions(mask, classes)
                for polygon in outlines(region)
            ]
            archive.writestr(f"labels/{_stem(name)}.txt", "".join(f"{line}\n" for line in lines))
            yield stream.taken()
        # JSON is YAML, whatever a name holds.
        names = json.dumps([entry["name"] for entry in drawn], ensure_ascii=False)
        archive.writestr("data.yaml", f"train: images\nval: images\nnames: {names}\n")
    yield stream.taken()


class _Stream:
    """What an archive is written to piece by piece. ZipFile needs no more of a file than this."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep it until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _regions(mask: np.ndarray, classes: Classes) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    for entry in classes:
        region = mask == entry["id"]
        if region.any() and not _is_background(entry):
            yield entry, region


def _is_background(entry: dict[str, Any]) -> bool:
    return bool(entry["name"].strip().lower() == BACKGROUND)


def _fractions(polygon: Sequence[tuple[int, int]], height: int, width: int) -> Iterator[str]:
    return (f"{part:.{_DECIMALS}g}" for x, y in polygon for part in (x / width, y / height))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name or "image"


class Export(NamedTuple):
    """A tool's format: what it is called, how its file's name ends and its type, and its pieces."""

    title: str
    ending: str
    kind: str
    pieces: Callable[[Masks, Classes, str], Iterator[bytes]]


EXPORTS = {
    "label_studio": Export("Label Studio", "json", "application/json", label_studio_pieces),
    "cvat": Export("CVAT", "zip", "application/zip", cvat_pieces),
    "yolo": Export("YOLO", "zip", "application/zip", yolo_pieces),
}

"""A mask in COCO's JSON layout, with COCO's compressed run-length encoding, by NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np


def run_lengths(region: np.ndarray) -> list[int]:
    """Lengths of the runs of 0, 1, 0 … in an H×W boolean region, read column by column."""
    pixels = np.concatenate([[0], region.ravel(order="F").astype(np.int8)])
    changes = np.flatnonzero(np.diff(pixels))
    return np.diff(np.concatenate([[0], changes, [pixels.size - 1]])).tolist()


def compress(counts: list[int]) -> str:
    """COCO's string for run lengths: from the fourth on as differences, 5 bits a character."""
    text = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text.append(chr((bits | 0x20 if more else bits) + 48))
    return "".join(text)


def _annotation(number: int, mask: np.ndarray, class_id: int, image_id: int) -> dict[str, Any]:
    region = mask == class_id
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return {
        "id": number,
        "image_id": image_id,
        "category_id": class_id,
        "segmentation": {"size": list(mask.shape), "counts": compress(run_lengths(region))},
        "area": int(region.sum()),
        "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
        "iscrowd": 1,
    }


def annotations(mask: np.ndarray, *, image_id: int, first: int) -> list[dict[str, Any]]:
    """One annotation for each class found in an H×W mask, numbered from `first`."""
    found = np.unique(mask).tolist()
    return [_annotation(i, mask, class_id, image_id) for i, class_id in enumerate(found, first)]


def categories(classes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A class list as COCO's categories."""
    return [{"id": entry["id"], "name": entry["name"]} for entry in classes]


def coco(mask: np.ndarray, classes: list[dict[str, Any]], *, file_name: str) -> dict[str, Any]:
    """An H×W mask of class ids as a COCO data set of one image, one annotation a class found."""
    height, width = mask.shape
    return {
        "images": [{"id": 1, "file_name": file_name, "width": width, "height": height}],
        "categories": categories(classes),
        "annotations": annotations(mask, image_id=1, first=1),
    }

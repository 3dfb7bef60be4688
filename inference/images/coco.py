"""A mask in COCO's JSON layout; its run lengths are those of models_zoo."""

from __future__ import annotations

from typing import Any

import numpy as np

from models_zoo.data.rasters import rle_encode


def coco_annotations(mask: np.ndarray, *, image_id: int, first: int) -> list[dict[str, Any]]:
    """One annotation for each class found in an H×W mask, numbered from `first`."""
    annotations = []
    for number, class_id in enumerate(np.unique(mask).tolist(), first):
        region = mask == class_id
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        top, left = int(rows[0]), int(columns[0])
        annotations.append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": class_id,
                "segmentation": {"size": list(mask.shape), "counts": rle_encode(region)},
                "area": int(region.sum()),
                "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
                # COCO keeps run lengths for crowds, which all objects of one class together are.
                "iscrowd": 1,
            }
        )
    return annotations


def categories(classes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A class list as COCO's categories."""
    return [{"id": entry["id"], "name": entry["name"]} for entry in classes]


def coco(mask: np.ndarray, classes: list[dict[str, Any]], *, file_name: str) -> dict[str, Any]:
    """An H×W mask of class ids as a COCO data set of one image, one annotation a class found."""
    height, width = mask.shape
    return {
        "images": [{"id": 1, "file_name": file_name, "width": width, "height": height}],
        "categories": categories(classes),
        "annotations": coco_annotations(mask, image_id=1, first=1),
    }

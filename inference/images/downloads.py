"""Stored and derived files as responses: a type that is fixed, never guessed, and nosniff."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.http import FileResponse

from inference.images.apart import decoding
from inference.images.apart.derived import derived
from inference.models import Prediction

KEPT = "private, max-age=31536000, immutable"  # nothing served here ever changes


def stored(file: BinaryIO, content_type: str, name: str) -> FileResponse:
    """A file that never changes, to be kept by the browser that asked for it alone."""
    opened = file.open() if hasattr(file, "storage") else file
    response = FileResponse(opened, content_type=content_type, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = KEPT
    return response


def mask_as_png(prediction: Prediction) -> FileResponse:
    """The indexed PNG as it was stored."""
    return stored(prediction.mask, "image/png", f"{_stem(prediction)}.png")


def mask_as_overlay(prediction: Prediction) -> FileResponse:
    """The class colours laid half transparent over the image, as RGB PNG."""
    image, classes = prediction.comparison.image.file, prediction.checkpoint.classes
    drawn = derived(
        f"{prediction.folder}/overlay.png", decoding.overlay, image, prediction.mask, classes
    )
    return stored(drawn, "image/png", f"{_stem(prediction)}-overlay.png")


def mask_as_coco(prediction: Prediction) -> FileResponse:
    """COCO JSON with run-length encoded regions, one for each class found."""
    classes = prediction.checkpoint.classes
    name = prediction.comparison.image.name or f"{prediction.comparison.image_id}.png"
    drawn = derived(
        f"{prediction.folder}/coco.json", decoding.coco_json, prediction.mask, classes, name
    )
    return stored(drawn, "application/json", f"{_stem(prediction)}.json")


def mask_as_npz(prediction: Prediction) -> FileResponse:
    """The three likeliest classes of each pixel: uint8 `classes` and `probabilities`, 3×H×W."""
    drawn = cast(BinaryIO, prediction.top3)
    if not prediction.top3.name.endswith(".npz"):  # as predictions of earlier versions are kept
        image = prediction.comparison.image
        size = image.height, image.width
        drawn = derived(f"{prediction.folder}/top3.npz", decoding.top3_npz, prediction.top3, *size)
    return stored(drawn, "application/octet-stream", f"{_stem(prediction)}.npz")


def mask_as_ids(prediction: Prediction) -> FileResponse:
    """The class ids alone: H×W bytes, row by row, gzipped for the way."""
    drawn = derived(f"{prediction.folder}/ids.gz", decoding.ids_gzip, prediction.mask)
    return _zipped(drawn, f"{_stem(prediction)}.ids")


def mask_as_top3(prediction: Prediction) -> FileResponse:
    """3×H×W bytes of classes, then 3×H×W of probabilities (255 = 1.0), gzipped for the way."""
    packed = cast(BinaryIO, prediction.top3)
    if prediction.top3.name.endswith(".npz"):
        packed = derived(f"{prediction.folder}/top3.gz", decoding.top3_gzip, prediction.top3)
    return _zipped(packed, f"{_stem(prediction)}.top3")


def _zipped(packed: BinaryIO, name: str) -> FileResponse:
    response = stored(packed, "application/octet-stream", name)
    # The browser unpacks it on the way: scripts get the bare bytes.
    response["Content-Encoding"] = "gzip"
    return response


MASK_FORMATS = {
    "png": mask_as_png,
    "overlay": mask_as_overlay,
    "coco": mask_as_coco,
    "npz": mask_as_npz,
    "ids": mask_as_ids,
    "top3": mask_as_top3,
}


def _stem(prediction: Prediction) -> str:
    return f"{prediction.comparison_id}-{prediction.checkpoint.key}"

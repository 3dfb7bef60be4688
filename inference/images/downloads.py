"""Stored and derived files as responses: a type that is fixed, never guessed, and nosniff."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from typing import BinaryIO

import numpy as np
from django.http import FileResponse
from PIL import Image as Picture

from inference.images.coco import coco
from inference.images.masks import mask_read, top3_gzip, top3_npz
from inference.models import Prediction
from models_zoo.images import open_image
from models_zoo.masks import colourise

OPACITY = 0.5
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
    with prediction.comparison.image.file.open() as file:
        image = open_image(file)
    colours = colourise(mask_read(prediction.mask), prediction.checkpoint.classes)
    blended = (image * (1 - OPACITY) + colours * OPACITY).round().astype(np.uint8)
    buffer = BytesIO()
    # Quick rather than small, since the request waits for it.
    Picture.fromarray(blended).save(buffer, "PNG", compress_level=1)
    buffer.seek(0)
    return stored(buffer, "image/png", f"{_stem(prediction)}-overlay.png")


def mask_as_coco(prediction: Prediction) -> FileResponse:
    """COCO JSON with run-length encoded regions, one for each class found."""
    classes = prediction.checkpoint.classes
    name = prediction.comparison.image.name or f"{prediction.comparison.image_id}.png"
    content = json.dumps(coco(mask_read(prediction.mask), classes, file_name=name)).encode()
    return stored(BytesIO(content), "application/json", f"{_stem(prediction)}.json")


def mask_as_npz(prediction: Prediction) -> FileResponse:
    """The three likeliest classes of each pixel: uint8 `classes` and `probabilities`, 3×H×W."""
    content = BytesIO(top3_npz(prediction))
    return stored(content, "application/octet-stream", f"{_stem(prediction)}.npz")


def mask_as_ids(prediction: Prediction) -> FileResponse:
    """The class ids alone: H×W bytes, row by row, gzipped for the way."""
    # Without a time in it, equal masks give equal bytes.
    packed = gzip.compress(mask_read(prediction.mask).tobytes(), compresslevel=1, mtime=0)
    return _zipped(packed, f"{_stem(prediction)}.ids")


def mask_as_top3(prediction: Prediction) -> FileResponse:
    """3×H×W bytes of classes, then 3×H×W of probabilities (255 = 1.0), gzipped for the way."""
    return _zipped(top3_gzip(prediction), f"{_stem(prediction)}.top3")


def _zipped(packed: bytes, name: str) -> FileResponse:
    response = stored(BytesIO(packed), "application/octet-stream", name)
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

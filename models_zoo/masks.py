"""Masks as pictures: indexed PNG (pixel = class id, palette = class colours) and colours."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from models_zoo.images import open_mask as read_mask

__all__ = ["colourise", "mask_png", "palette", "read_mask"]


def palette(classes: list[dict]) -> np.ndarray:
    """256×3 uint8: the colour of each class id; ids without a class are black."""
    colours = np.zeros((256, 3), np.uint8)
    for entry in classes:
        colours[entry["id"]] = tuple(bytes.fromhex(entry["colour"].removeprefix("#")))
    return colours


def mask_png(mask: np.ndarray, classes: list[dict]) -> bytes:
    """An H×W uint8 mask as an indexed PNG file; equal masks give equal bytes."""
    image = Image.fromarray(np.ascontiguousarray(mask, np.uint8))
    image.putpalette(palette(classes).tobytes())
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def colourise(mask: np.ndarray, classes: list[dict]) -> np.ndarray:
    """An H×W uint8 mask in its class colours, H×W×3 uint8."""
    return palette(classes)[mask]

"""Opening images and masks the same way everywhere: upload, command line, training. Torch-free."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as a viewer shows it: upright (EXIF orientation), 8-bit RGB, first frame.

    Sixteen-bit grey is scaled to eight bits, not clipped; transparency is laid on white.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.float64)
        image = Image.fromarray((levels / 257).round().clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def open_image(source: Path | str | BinaryIO) -> np.ndarray:
    """An image file as H×W×3 uint8 RGB. OSError (Pillow's) when it is none or is cut off."""
    with Image.open(source) as image:
        return np.asarray(to_rgb(image))


def open_mask(source: Path | str | BinaryIO) -> np.ndarray:
    """A mask file (grey or indexed PNG, pixel = class id) as H×W uint8.

    ValueError when the file holds colours instead of class ids.
    """
    with Image.open(source) as image:
        if image.mode not in ("L", "P", "1"):
            raise ValueError(f"A mask holds class ids, this one has mode {image.mode}.")
        return np.asarray(image).astype(np.uint8)

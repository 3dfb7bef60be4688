"""Masks as files: from a file to class ids, from class ids to an indexed PNG or to colours.

The only place that reads masks: of data sets, uploads, batches and stored predictions.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from models_zoo.images import called, decoded
from models_zoo.translation import gettext_noop as _

MASK_FORMATS = ("PNG", "GIF", "BMP")  # lossless ones: JPEG changes class ids


def palette(classes: list[dict[str, Any]]) -> np.ndarray:
    """256×3 uint8: the colour of each class id; ids without a class are black."""
    colours = np.zeros((256, 3), np.uint8)
    for entry in classes:
        colours[entry["id"]] = tuple(bytes.fromhex(entry["colour"].removeprefix("#")))
    return colours


def read_mask(source: Path | str | BinaryIO) -> np.ndarray:
    """A mask file (grey or indexed, pixel = class id) as H×W uint8.

    Raises as `open_image` does, and ValueError when it holds colours or ids beyond 255.
    """
    with decoded(source, MASK_FORMATS) as image:
        # Not by to_rgb: of an indexed file the indices are the ids, whatever their colours.
        mode, ids = image.mode, np.asarray(image)
    if ids.ndim != 2 or mode == "F":
        raise ValueError(_(f"{called(source)} holds colours ({mode}); a mask holds class ids."))
    if ids.max() > 255:
        raise ValueError(_(f"{called(source)} holds the id {ids.max()}; ids end at 255."))
    return ids.astype(np.uint8)


def read_values(source: Path | str | BinaryIO, *, colours: bool) -> np.ndarray:
    """A mask file whose values mean something else than class ids, as H×W int32.

    The numbers as they are, up to 16 bits; of `colours` 0xrrggbb, whether each pixel or a palette
    has them. Raises as `open_image` does, and ValueError for colours where numbers are meant.
    """
    with decoded(source, MASK_FORMATS) as image:
        mode = image.mode
        values = np.asarray(image.convert("RGB") if colours else image).astype(np.int32)
    if colours:
        red, green, blue = np.moveaxis(values, -1, 0)
        values = red << 16 | green << 8 | blue
    elif values.ndim != 2 or mode == "F":
        raise ValueError(
            _(f"{called(source)} holds colours ({mode}); its mask should hold numbers.")
        )
    return values


def mask_size(source: Path | str | BinaryIO) -> tuple[int, int]:
    """Height and width (pixels) of a mask file, from its header alone.

    Raises as `open_image` does.
    """
    with decoded(source, MASK_FORMATS) as image:
        return image.height, image.width


def mask_png(mask: np.ndarray, classes: list[dict[str, Any]]) -> bytes:
    """An H×W uint8 mask as an indexed PNG file; equal masks give equal bytes."""
    image = Image.fromarray(np.ascontiguousarray(mask, np.uint8))
    image.putpalette(palette(classes).tobytes())
    buffer = BytesIO()
    # Quick rather than small: a third of the default level's time, in a few kilobytes more.
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def colourise(mask: np.ndarray, classes: list[dict[str, Any]]) -> np.ndarray:
    """An H×W uint8 mask in its class colours, H×W×3 uint8; black where an id is no class."""
    colours: np.ndarray = palette(classes)[mask]
    return colours

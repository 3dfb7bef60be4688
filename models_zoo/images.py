"""Opening images the same way everywhere: upload, command line, training. Torch-free.

The mask that the API serves equals the command line's because both come through `to_rgb`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from models_zoo.translation import gettext_noop as _

if TYPE_CHECKING:
    from torch import Tensor

# What networks trained on ImageNet expect, of pixels from 0 to 1.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# What browsers show. Pillow would open EPS, which goes to an interpreter, and PSD, TIFF and more.
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

# What Pillow's decoders raise on broken input, beside OSError.
_BROKEN = (ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error)


def normalise(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """…×3×H×W RGB of 0 … 255 → float32 with `mean` and `std` (of 0 … 1) taken out."""
    # Not by torchvision: to import it takes a worker longer than all else of its start but torch.
    values = image.float() / 255
    centre, spread = (values.new_tensor(figures).view(-1, 1, 1) for figures in (mean, std))
    return values.sub_(centre).div_(spread)


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as a viewer shows it: upright (EXIF orientation), 8-bit RGB, first frame.

    Deeper grey than eight bits is scaled, not clipped; transparency is laid on white; colour
    profiles are left aside. Raises what Pillow raises when the pixels cannot be decoded.
    """
    if image.tell():
        image.seek(0)
    image.load()
    with suppress(OSError, *_BROKEN):  # broken EXIF beside sound pixels
        image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        return _scaled(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Deep grey as eight bits. White is 65535, or 1 for fractions, or the largest value beyond."""
    deep = np.asarray(image)
    # In bands: as fractions all of 40 megapixels would take 0.9 GB.
    bands = [slice(top, top + 256) for top in range(0, len(deep), 256)]
    top = max(_finite(deep[band]).max() for band in bands)
    white = 1.0 if image.mode == "F" and top <= 1 else max(65535.0, top)
    grey = np.empty(deep.shape, np.uint8)
    for band in bands:
        grey[band] = (_finite(deep[band]) * (255 / white)).round().clip(0, 255)
    return Image.fromarray(grey)


def _finite(levels: np.ndarray) -> np.ndarray:
    return np.nan_to_num(levels.astype(np.float64), posinf=0, neginf=0)


def open_image(source: Path | str | BinaryIO) -> np.ndarray:
    """An image file as H×W×3 uint8 RGB.

    FileNotFoundError when there is none, ValueError naming the file when it is no image, damaged
    or too large to decode.
    """
    with decoded(source) as image:
        return np.asarray(to_rgb(image))


def image_size(source: Path | str | BinaryIO) -> tuple[int, int]:
    """Height and width (pixels) of an image as `open_image` returns it, from its header alone.

    Raises as `open_image` does.
    """
    with decoded(source) as image:
        width, height = image.size
        # Orientations 5 to 8 turn the image by a quarter.
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (width, height) if turned else (height, width)


@contextmanager
def decoded(
    source: Path | str | BinaryIO, formats: tuple[str, ...] = IMAGE_FORMATS
) -> Iterator[Image.Image]:
    """A file of one of `formats` as Pillow's image while its pixels are read.

    Raises as `open_image` does.
    """
    try:
        with Image.open(source, formats=formats) as image:
            yield image
    except FileNotFoundError:
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(formats)
        raise ValueError(
            _(f"{called(source)} cannot be read as an image: it is none of {known}.")
        ) from error
    except (OSError, Image.DecompressionBombError, *_BROKEN) as error:
        raise ValueError(_(f"{called(source)} cannot be read as an image: {error}")) from error


def called(source: Path | str | BinaryIO) -> str:
    """What a sentence calls the file."""
    return Path(source).name if isinstance(source, str | Path) else "The file"

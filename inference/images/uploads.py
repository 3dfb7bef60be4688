"""What an upload must survive before it becomes an Image.

The format is sniffed, never taken from the name; the size is read from the header before anything
is decoded; decoding is forced, so that a truncated file is refused here and not in the worker;
what is stored is a new PNG of the pixels, without metadata, tails or profiles.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

import numpy as np
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from PIL import Image

from experiments.models import Dataset
from models_zoo.images import IMAGE_FORMATS, to_rgb
from models_zoo.masks import MASK_FORMATS

MASK_MODES = ("1", "L", "P", "I;16")
NAME_LENGTH = 100
FORM_BYTES = 2**20  # what a multipart form may need beside its files


class UploadRefused(ValidationError):
    """The upload is not what it should be; `messages` say why, in the reader's language."""

    status = 400


class UploadTooLarge(UploadRefused):
    """The upload has too many bytes or pixels."""

    status = 413


def body_too_long(request: HttpRequest, *, files_bytes: int) -> bool:
    """Whether a request says itself that it holds more than its files and their form may."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    # A first guard only, for what admits it: `_check_bytes` measures what came.
    return length.isdigit() and int(length) > files_bytes + FORM_BYTES


def read_image(file: BinaryIO) -> Image.Image:
    """An uploaded image as a viewer shows it: RGB, upright. UploadRefused when it is none."""
    with _refusing(IMAGE_FORMATS):
        # Guarded too: what decodes may still fail to be turned into colours.
        return to_rgb(_decoded(file, IMAGE_FORMATS))


def read_true_mask(file: BinaryIO, *, size: tuple[int, int], dataset: Dataset) -> np.ndarray:
    """An uploaded true mask as H×W uint8 class ids of `dataset`.

    `size` is the image's (width, height). UploadRefused names what is wrong.
    """
    with _refusing(MASK_FORMATS):
        picture = _decoded(file, MASK_FORMATS)
    if picture.mode not in MASK_MODES:
        raise UploadRefused(
            _("The mask holds colours. It must be an indexed or grey image of class ids.")
        )
    if picture.size != size:
        sizes = {"mask": "{}×{}".format(*picture.size), "image": "{}×{}".format(*size)}
        raise UploadRefused(_("The mask is %(mask)s pixels, its image %(image)s.") % sizes)
    mask = np.asarray(picture)
    known = {entry["id"] for entry in dataset.classes} | {dataset.ignore_index}
    values = [int(value) for value in np.unique(mask).tolist()]
    strange = [str(value) for value in values if value not in known]
    if strange:
        listed = ", ".join(strange[:5]) + (" …" if len(strange) > 5 else "")
        raise UploadRefused(
            _("The mask holds values that are no class of %(dataset)s: %(found)s.")
            % {"dataset": dataset.title, "found": listed}
        )
    # Black and white: whatever is white would be ignored, and the rest score 1.0.
    if values in ([dataset.ignore_index], [0, dataset.ignore_index]):
        told = {"dataset": dataset.title, "value": dataset.ignore_index}
        text = _(
            "The mask holds no more than 0 and %(value)s, which %(dataset)s ignores: nothing could "
            "be told apart. It must hold the ids of the classes."
        )
        raise UploadRefused(text % told)
    return mask.astype(np.uint8)


def _decoded(file: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    """The first frame, decoded only after its size was found to be within the limits."""
    _check_bytes(file)
    picture = Image.open(file, formats=formats)
    # From the header: 169 megapixels fit into a PNG of 20 KB.
    _check_pixels(*picture.size)
    picture.load()
    return picture


@contextmanager
def _refusing(formats: tuple[str, ...]) -> Iterator[None]:
    """Whatever Pillow raises becomes an UploadRefused with a sentence."""
    try:
        yield
    except UploadRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise _too_many_pixels() from fault
    except Image.UnidentifiedImageError as fault:
        names = ", ".join("WebP" if name == "WEBP" else name for name in formats)
        message = _("This is not an image that can be read. Allowed formats: %(formats)s.")
        raise UploadRefused(message % {"formats": names}) from fault
    except Exception as fault:  # its decoders raise many kinds on broken input
        raise UploadRefused(_("The image is damaged or cut off.")) from fault


def check_header(file: BinaryIO) -> None:
    """UploadRefused for what is no image or too large, as far as the header tells."""
    with _refusing(IMAGE_FORMATS):
        _check_bytes(file)
        _check_pixels(*Image.open(file, formats=IMAGE_FORMATS).size)


def _check_bytes(file: BinaryIO) -> None:
    length = file.seek(0, 2)
    file.seek(0)
    if length == 0:
        raise UploadRefused(_("The file is empty."))
    if length > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES / 2**20
        raise UploadTooLarge(_("The file is larger than %(limit)g MiB.") % {"limit": limit})


def _check_pixels(width: int, height: int) -> None:
    if width * height > settings.UPLOAD_MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> UploadTooLarge:
    limit = settings.UPLOAD_MAX_PIXELS / 1e6
    return UploadTooLarge(_("The image has more than %(limit)g megapixels.") % {"limit": limit})


def png(image: Image.Image) -> bytes:
    """The pixels, of the image's own mode, as a PNG file without metadata."""
    buffer = BytesIO()
    # From the pixels alone: Pillow would write along what it kept of the file, as its profile.
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    # Level 1: 40 megapixels must not hold a request for longer than 5 s.
    bare.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def clean_name(name: str | None) -> str:
    """A file name to show: no folders, no control or direction-changing characters, not long."""
    return clean_text((name or "").replace("\\", "/").rsplit("/", 1)[-1])


def clean_text(text: str) -> str:
    """A title to show: no control or direction-changing characters, not long."""
    # Category C: controls with NUL, halves of surrogate pairs, and what turns the direction.
    seen = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return seen.strip()[:NAME_LENGTH]

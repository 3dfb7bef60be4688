"""Strangers' images decoded and drawn, in a process apart: nothing here needs Django to be set up.

The format is sniffed, never taken from the name; the size is read from the header before anything
is decoded; decoding is forced, so that a truncated file is refused here and not in the worker;
what is stored is a new PNG of the pixels, without metadata, tails or profiles.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _
from PIL import Image

from inference.images.coco import coco
from models_zoo.data.labelling.export import EXPORTS
from models_zoo.images import IMAGE_FORMATS, open_image, to_rgb
from models_zoo.masks import MASK_FORMATS, colourise, mask_png, read_mask

MASK_MODES = ("1", "L", "P", "I;16")
# A progressive JPEG has ten scans; 0.26 MB with thousands took 8 CPU seconds.
SCANS_MAX = 64
SCAN, IMAGE_END = b"\xff\xda", b"\xff\xd9"
# A segment of a JPEG begins: within a scan's own bytes 0xff is followed by 0 or a restart's number.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd9-\xfe]")
# 1×10,000,000 pixels took 4.8 GB in the worker: what scores an image pads its shorter side.
LONG, RATIO_MAX = 4096, 64
OPACITY = 0.5
ROWS = 512  # that are drawn at once


class UploadRefused(ValidationError):
    """The upload is not what it should be; `message` and `params` say why, in English."""

    status = 400


class UploadTooLarge(UploadRefused):
    """The upload has too many bytes or pixels."""

    status = 413


@dataclass(frozen=True)
class TrueMask:
    """What a true mask must fit: the data set's title, its classes, what it ignores."""

    title: str
    classes: list[dict[str, Any]]
    ignore_index: int | None


def upload_decode(folder: Path, pixels_max: int, truth: TrueMask | None) -> tuple[int, int]:
    """folder/upload becomes folder/image.png, folder/mask with a `truth` folder/mask.png.

    The size as (width, height). UploadRefused says what is wrong with either.
    """
    with (folder / "upload").open("rb") as file:
        picture = read_image(file, pixels_max)
    # Both are read before anything is written: a refusal leaves no file behind.
    if truth is not None:
        with (folder / "mask").open("rb") as file:
            mask = read_true_mask(file, pixels_max, size=picture.size, truth=truth)
        (folder / "mask.png").write_bytes(mask_png(mask, truth.classes))
    (folder / "image.png").write_bytes(png(picture))
    return picture.size


def read_image(file: BinaryIO, pixels_max: int) -> Image.Image:
    """An uploaded image as a viewer shows it: RGB, upright. UploadRefused when it is none."""
    with _refusing(IMAGE_FORMATS, pixels_max):
        # Guarded too: what decodes may still fail to be turned into colours.
        return to_rgb(_decoded(file, IMAGE_FORMATS, pixels_max))


def read_true_mask(
    file: BinaryIO, pixels_max: int, *, size: tuple[int, int], truth: TrueMask
) -> np.ndarray:
    """An uploaded true mask as H×W uint8 class ids.

    `size` is the image's (width, height). UploadRefused names what is wrong.
    """
    with _refusing(MASK_FORMATS, pixels_max):
        picture = _decoded(file, MASK_FORMATS, pixels_max)
    if picture.mode not in MASK_MODES:
        raise UploadRefused(
            _("The mask holds colours. It must be an indexed or grey image of class ids.")
        )
    if picture.size != size:
        sizes = {"mask": "{}×{}".format(*picture.size), "image": "{}×{}".format(*size)}
        raise UploadRefused(_("The mask is %(mask)s pixels, its image %(image)s."), params=sizes)
    mask = np.asarray(picture)
    _check_ids(mask, truth)
    return mask.astype(np.uint8)


def check_header(file: BinaryIO, pixels_max: int) -> None:
    """UploadRefused for what is no image or too large, as far as the header tells."""
    with _refusing(IMAGE_FORMATS, pixels_max):
        _check_shape(*Image.open(file, formats=IMAGE_FORMATS).size, pixels_max)


def png(image: Image.Image) -> bytes:
    """The pixels, of the image's own mode, as a PNG file without metadata."""
    buffer = BytesIO()
    # From the pixels alone: Pillow would write along what it kept of the file, as its profile.
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    # Level 1: 40 megapixels must not hold a request for longer than 5 s.
    bare.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def smaller(source: Path, longest: int, target: Path) -> None:
    """A JPEG of an image, its longer side at most `longest` pixels."""
    with Image.open(source) as picture:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        picture.convert("RGB").save(target, "JPEG", quality=88, optimize=True)


def overlay(image: Path, mask: Path, classes: list[dict[str, Any]], target: Path) -> None:
    """The class colours laid half transparent over the image, as RGB PNG."""
    pixels, ids = open_image(image), read_mask(mask)
    blended = np.empty_like(pixels)
    # In bands: as fractions all of 40 megapixels would take 2 GB.
    for top in range(0, len(ids), ROWS):
        rows = slice(top, top + ROWS)
        mixed = pixels[rows] * (1 - OPACITY) + colourise(ids[rows], classes) * OPACITY
        blended[rows] = mixed.round().astype(np.uint8)
    # Quick rather than small, since a request waits for it.
    Image.fromarray(blended).save(target, "PNG", compress_level=1)


def coco_json(mask: Path, classes: list[dict[str, Any]], name: str, target: Path) -> None:
    """COCO JSON with run-length encoded regions, one for each class found."""
    target.write_text(json.dumps(coco(read_mask(mask), classes, file_name=name)))


def export_file(mask: Path, form: str, classes: Any, name: str, model: str, target: Path) -> None:
    """The mask of the image `name` in a labelling tool's form."""
    pieces = EXPORTS[form].pieces([(name, read_mask(mask))], classes, model)
    with target.open("wb") as file:
        file.writelines(pieces)


def ids_gzip(mask: Path, target: Path) -> None:
    """The class ids alone: H×W bytes, row by row, gzipped."""
    _gzip(target, read_mask(mask))


def top3_gzip(top3: Path, target: Path) -> None:
    """3×H×W bytes of classes, then 3×H×W of probabilities (255 = 1.0), gzipped."""
    with np.load(top3) as arrays:
        _gzip(target, arrays["classes"], arrays["probabilities"])


def top3_npz(packed: Path, height: int, width: int, target: Path) -> None:
    """What `inference.images.masks.top3_pack` packed, for NumPy: `classes` and `probabilities`."""
    bare = np.frombuffer(gzip.decompress(packed.read_bytes()), np.uint8)
    classes, probabilities = bare.reshape(2, 3, height, width)
    with target.open("wb") as file:
        # Not compressed: of 40 megapixels that would take a request many seconds.
        np.savez(file, classes=classes, probabilities=probabilities)


def _gzip(target: Path, *arrays: np.ndarray) -> None:
    # Without a time in it, equal masks give equal bytes.
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
        for array in arrays:
            file.write(np.ascontiguousarray(array))


def _check_ids(mask: np.ndarray, truth: TrueMask) -> None:
    known = {entry["id"] for entry in truth.classes} | {truth.ignore_index}
    values = [int(value) for value in np.unique(mask).tolist()]
    strange = [str(value) for value in values if value not in known]
    if strange:
        listed = ", ".join(strange[:5]) + (" …" if len(strange) > 5 else "")
        raise UploadRefused(
            _("The mask holds values that are no class of %(dataset)s: %(found)s."),
            params={"dataset": truth.title, "found": listed},
        )
    # Black and white: whatever is white would be ignored, and the rest score 1.0.
    if values in ([truth.ignore_index], [0, truth.ignore_index]):
        text = _(
            "The mask holds no more than 0 and %(value)s, which %(dataset)s ignores: nothing could "
            "be told apart. It must hold the ids of the classes."
        )
        raise UploadRefused(text, params={"dataset": truth.title, "value": truth.ignore_index})


def _decoded(file: BinaryIO, formats: tuple[str, ...], pixels_max: int) -> Image.Image:
    """The first frame, decoded only after its size was found to be within the limits."""
    picture = Image.open(file, formats=formats)
    # From the header: 169 megapixels fit into a PNG of 20 KB.
    _check_shape(*picture.size, pixels_max)
    if picture.format == "JPEG":
        _check_scans(file)
    picture.load()
    return picture


def _check_scans(file: BinaryIO) -> None:
    at = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(at)
    # As far as the image goes: phones append a film, in which a scan's marker occurs by chance.
    place, scans = 2, 0
    while (marker := MARKER.search(data, place)) and marker[0] != IMAGE_END:
        scans += marker[0] == SCAN
        if scans > SCANS_MAX:
            raise UploadRefused(_("This JPEG is made to take long. Save it anew as a plain one."))
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        place = marker.end() + max(length, 2)


@contextmanager
def _refusing(formats: tuple[str, ...], pixels_max: int) -> Iterator[None]:
    """Whatever Pillow raises becomes an UploadRefused with a sentence."""
    try:
        yield
    except (UploadRefused, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise _too_many_pixels(pixels_max) from fault
    except Image.UnidentifiedImageError as fault:
        names = ", ".join("WebP" if name == "WEBP" else name for name in formats)
        message = _("This is not an image that can be read. Allowed formats: %(formats)s.")
        raise UploadRefused(message, params={"formats": names}) from fault
    except Exception as fault:  # its decoders raise many kinds on broken input
        raise UploadRefused(_("The image is damaged or cut off.")) from fault


def _check_shape(width: int, height: int, pixels_max: int) -> None:
    if width * height > pixels_max:
        raise _too_many_pixels(pixels_max)
    shorter, longer = sorted((width, height))
    if longer > LONG and longer > RATIO_MAX * shorter:
        raise UploadTooLarge(
            _("The image is more than %(ratio)s times as long as wide. Cut it into parts."),
            params={"ratio": RATIO_MAX},
        )


def _too_many_pixels(pixels_max: int) -> UploadTooLarge:
    message = _("The image has more than %(limit)g megapixels.")
    return UploadTooLarge(message, params={"limit": pixels_max / 1e6})

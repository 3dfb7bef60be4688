"""Smaller copies of images for the pages: a thumbnail for lists, a view for the panes.

They are made when they are first asked for and kept beside the image, with which they go.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Picture

from inference.models import Image

LONGEST = {"thumbnail": 480, "view": 2560}  # pixels of the longer side
JPEG_END = b"\xff\xd9"  # without it a file was cut off by a full disk, as former versions left them


def image_rendition(*, image: Image, size: str) -> bytes:
    """A JPEG of the image, its longer side at most LONGEST[size]. KeyError for another size."""
    # The size is in the name: with another LONGEST no old file is served.
    name = f"{image.folder}/{size}-{LONGEST[size]}.jpg"
    if default_storage.exists(name):
        with default_storage.open(name) as file:
            kept = file.read()
        if kept.endswith(JPEG_END):
            return kept
        default_storage.delete(name)
    with image.file.open() as file:
        drawn = _draw(file, LONGEST[size])
    # Not to keep it costs time, not to show it would cost the page.
    with suppress(OSError):
        default_storage.save(name, ContentFile(drawn))
    return drawn


@cache
def sample_thumbnail(path: Path) -> bytes:
    """A JPEG thumbnail of a sample; there are few, so they stay in memory."""
    with path.open("rb") as file:
        return _draw(file, LONGEST["thumbnail"])


def _draw(file: BinaryIO, longest: int) -> bytes:
    buffer = BytesIO()
    with Picture.open(file) as picture:
        picture.thumbnail((longest, longest), Picture.Resampling.LANCZOS)
        picture.convert("RGB").save(buffer, "JPEG", quality=88, optimize=True)
    return buffer.getvalue()

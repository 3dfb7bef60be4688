"""Smaller copies of images for the pages: a thumbnail for lists, a view for the panes.

They are made when they are first asked for and kept beside the image, with which they go.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from django.core.files.storage import default_storage

from inference.images.apart.decoding import smaller
from inference.images.apart.derived import derived
from inference.models import Image

LONGEST = {"thumbnail": 480, "view": 2560}  # pixels of the longer side
JPEG_END = b"\xff\xd9"  # without it a file was cut off by a full disk, as former versions left them


def image_rendition(*, image: Image, size: str) -> BinaryIO:
    """A JPEG of the image, its longer side at most LONGEST[size]. KeyError for another size."""
    # The size is in the name: with another LONGEST no old file is served.
    name = f"{image.folder}/{size}-{LONGEST[size]}.jpg"
    if default_storage.exists(name) and not _is_whole(name):
        default_storage.delete(name)
    return derived(name, smaller, image.file, LONGEST[size])


def _is_whole(name: str) -> bool:
    with default_storage.open(name) as file:
        file.seek(max(0, default_storage.size(name) - len(JPEG_END)))
        return file.read() == JPEG_END


@cache
def sample_thumbnail(path: Path) -> bytes:
    """A JPEG thumbnail of a sample; there are few, so they stay in memory."""
    with TemporaryDirectory(prefix="segweb-") as folder:
        target = Path(folder, "thumbnail.jpg")
        smaller(path, LONGEST["thumbnail"], target)
        return target.read_bytes()

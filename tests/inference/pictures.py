"""Images and masks that the tests draw, as files in memory."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def noise(width: int = 24, height: int = 16, *, seed: int = 0) -> Image.Image:
    """An RGB image no two pixels of which need be alike."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image as a file's bytes."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def upload(content: bytes | Image.Image, name: str = "photo.png") -> SimpleUploadedFile:
    """An uploaded file as a view gets it."""
    if isinstance(content, Image.Image):
        content = encoded(content)
    return SimpleUploadedFile(name, content, content_type="image/png")


def opened(file: Any) -> Image.Image:
    """A stored file's image, decoded."""
    with file.open() as source:
        image = Image.open(source)
        image.load()
    return image

"""Small files that take long, or much memory, to decode."""

from __future__ import annotations

import struct
import zlib

from PIL import Image as Picture

from inference.images.apart import decoding
from tests.inference.pictures import encoded


def scans(image: Picture.Image, times: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    content = encoded(image, "JPEG", progressive=True)
    start = content.rindex(decoding.SCAN)
    return content[:start] + content[start:-2] * times + content[-2:]


def deep_png(width: int, height: int) -> bytes:
    """A PNG of 16-bit grey: of 40 megapixels it is 78 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(height * (1 + 2 * width)), 9)
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

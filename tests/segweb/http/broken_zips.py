"""Zips with something wrong in them, any number, each from its seed."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from warnings import catch_warnings

NAMES = (
    *("classes.json", "train/images/a.png", "train/masks/a.png", "val/images/b.png", "b.mask.png"),
    *("masks/a.png", "images/a.png", "\0x.png", "a\0.png", "", ".", "..", "/a.png", "a//b.png"),
    *("é.png", "가" * 120 + ".png", "x" * 300 + ".png", "A.png", "a.PNG", "a.png/b.png", "._a.png"),
    *("train/images", "con.png", "C:/a.png", "a\\b.png", "\u202ea.png", " .png", "-.png", "a.zip"),
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def broken_zip(seed: int) -> bytes:
    """A zip of a few entries whose bytes, records or figures were changed."""
    dice = random.Random(seed)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for _ in range(dice.randint(0, 5)):
            info = zipfile.ZipInfo("x")
            info.filename = dice.choice(NAMES)
            info.compress_type = dice.choice(METHODS)
            info.external_attr = dice.choice((0, 0, 0, 0o120777 << 16, 0o40755 << 16))
            with catch_warnings(action="ignore"):  # of names that are there already
                archive.writestr(info, dice.choice((b"", b"{}", dice.randbytes(40), b"x" * 5000)))
        if dice.random() < 0.2:
            archive.comment = dice.randbytes(dice.choice((1, 30, 65_535)))
    content = bytearray(buffer.getvalue())
    for _ in range(dice.randint(0, 3)):
        content = dice.choice((_flip, _figure, _cut, _repeat, _locator))(content, dice)
    return bytes(content)


def _flip(content: bytearray, dice: random.Random) -> bytearray:
    for _ in range(dice.randint(1, 6)):
        if content:
            content[dice.randrange(len(content))] = dice.randrange(256)
    return content


def _figure(content: bytearray, dice: random.Random) -> bytearray:
    """A figure of one of the records, of 1 to 8 bytes, set to something telling."""
    places = [i for i in range(len(content)) if content[i : i + 4] in (CENTRAL, LOCAL, END)]
    if places:
        at = dice.choice(places) + dice.randint(4, 46)
        length = dice.choice((1, 2, 4, 8))
        value = dice.choice((0, 1, 8, 14, 255, 1000, 2**16 - 1, 2**31, 2**32 - 1, 2**63))
        content[at : at + length] = (value % 2 ** (8 * length)).to_bytes(length, "little")
    return content


def _cut(content: bytearray, dice: random.Random) -> bytearray:
    return content[: dice.randint(0, len(content))]


def _repeat(content: bytearray, dice: random.Random) -> bytearray:
    start, end = sorted(dice.randint(0, len(content)) for _ in range(2))
    return content[:end] + content[start:end] + content[end:]


def _locator(content: bytearray, dice: random.Random) -> bytearray:
    """64-bit records before the end, whose figures are what zipfile goes by."""
    at = content.rfind(END)
    if at < 0:
        return content
    figures = [dice.choice((0, 1, 3, 10**6, 2**63)) for _ in range(4)]
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *figures)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, dice.choice((0, at, 2**63)), 1)
    return content[:at] + end + locator + content[at:]

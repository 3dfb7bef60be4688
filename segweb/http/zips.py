"""What a zip says of its own list of entries, read without parsing that list.

Parsing a million entries would take minutes and fill the memory, so whoever takes zips from
strangers looks here first.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

_END, _END_BYTES, _COMMENT_BYTES = b"PK\x05\x06", 22, 0xFFFF
_ZIP64 = b"PK\x06\x07"


class ZipEnd(NamedTuple):
    """The record at a zip's end: entries, bytes of their list, and whether a 64-bit one follows."""

    entries: int
    directory_bytes: int
    zip64: bool


def zip_end(file: BinaryIO) -> ZipEnd | None:
    """The record at the end of `file`, which is left at its beginning; None where it has none."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END_BYTES - _COMMENT_BYTES))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        return None
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    return ZipEnd(entries, directory_bytes, _ZIP64 in tail)

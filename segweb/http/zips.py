"""Zips from strangers: what they may hold, how much, and under which names.

Everything that a zip says of itself is looked at before a byte of its files is read, and then
nobody believes it: bytes are counted, checksums tested. Nothing here writes to a path.
"""

from __future__ import annotations

import lzma
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What systems put beside people's files.
LEFT_ASIDE = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
NAME_SHOWN = 100  # characters of a name in a sentence
# What Python's zipfile and its decompressors raise; ValueError too where a record misleads it.
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(OSError, NotImplementedError, RuntimeError, ValueError),
)

_END, _END_BYTES, _COMMENT_BYTES = b"PK\x05\x06", 22, 0xFFFF
_ZIP64 = b"PK\x06\x07"
_PIECE = 1 << 20


class ZipRefused(ValidationError):
    """The zip holds what may not be taken; `messages` say what and where."""

    status = 400


class ZipTooMany(ZipRefused):
    """The zip has too many entries."""


class ZipTooLarge(ZipRefused):
    """The zip, or a file of it, has too many bytes."""

    status = 413


@dataclass(frozen=True)
class ZipRules:
    """What one taker of zips has need of; whatever is beyond is refused.

    `endings` of file names are lower case and are called `kinds` in sentences. Bytes are those of
    the list of entries, of one file and of all files together, both unpacked.
    """

    endings: Collection[str]
    kinds: str
    entries_max: int
    directory_bytes_max: int
    file_bytes_max: int
    bytes_max: int


@dataclass(frozen=True)
class ZipEntry:
    """One file of a zip that was found acceptable, read when it is asked for."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    @property
    def path(self) -> PurePosixPath:
        """Its name, which leads to no other place than below the zip's own root."""
        return PurePosixPath(self.info.filename)

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes, counted, and its checksum tested. ZipRefused when it has lied."""
        left = self.info.file_size
        try:
            with self.archive.open(self.info) as file:
                # One piece beyond the size that it gave is enough: a bomb is not read to its end.
                while left >= 0 and (piece := file.read(_PIECE)):
                    left -= len(piece)
                    yield piece
        except BROKEN as fault:
            raise _entry_damaged(self.info) from fault
        if left:
            raise _entry_damaged(self.info)

    def read(self) -> bytes:
        """The whole file. ZipRefused as by `pieces`."""
        return b"".join(self.pieces())


def zip_entries(
    file: BinaryIO, rules: ZipRules, *, wanted: Callable[[PurePosixPath], bool] = lambda _: True
) -> list[ZipEntry]:
    """The files of a zip, but folders and what is not `wanted`. ZipRefused says why not."""
    _check_directory(file, rules)
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as fault:
        raise _damaged() from fault
    infos = []
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        aside = info.filename.endswith("/") or any(part in LEFT_ASIDE for part in path.parts)
        # A link is looked at whatever it is called, so that none slips by as a note.
        if not aside and (wanted(path) or _is_link(info)):
            _check_entry(info, rules)
            infos.append(info)
    if sum(info.file_size for info in infos) > rules.bytes_max:
        limit = {"limit": rules.bytes_max / 2**20}
        raise ZipTooLarge(_("The zip holds too much: more than %(limit)g MiB.") % limit)
    return [ZipEntry(archive, info) for info in infos]


class ZipEnd(NamedTuple):
    """The record at a zip's end: entries, bytes of their list, and whether a 64-bit one follows."""

    entries: int
    directory_bytes: int
    zip64: bool


def zip_end(file: BinaryIO) -> ZipEnd | None:
    """The record at the end of `file`, which is left at its beginning; None where it has none."""
    length = file.seek(0, 2)
    # A comment of up to 64 KiB may follow the record.
    file.seek(max(0, length - _END_BYTES - _COMMENT_BYTES))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        return None
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    return ZipEnd(entries, directory_bytes, _ZIP64 in tail)


def _check_directory(file: BinaryIO, rules: ZipRules) -> None:
    """Bound the list of entries before it is parsed: a million would take minutes, and memory."""
    end = zip_end(file)
    if end is None:
        raise _damaged()
    # A 64-bit record has figures of its own, which only files of more than 4 GiB have need of.
    needless = end.zip64 and rules.bytes_max < 2**32
    if (
        needless
        or end.entries > rules.entries_max
        or end.directory_bytes > rules.directory_bytes_max
    ):
        raise ZipTooMany(_("The zip has too many entries."))


def _check_entry(info: zipfile.ZipInfo, rules: ZipRules) -> None:
    """Refuse, by name, what the taker has no need of."""
    # `orig_filename`: zipfile cuts a name at NUL and turns backslashes around on Windows.
    path, name = PurePosixPath(info.orig_filename), {"name": _shown(info)}
    elsewhere = path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1])
    if elsewhere or "\\" in info.orig_filename or "\0" in info.orig_filename:
        raise ZipRefused(_("%(name)s: its path leads out of the zip.") % name)
    if _is_link(info):
        raise ZipRefused(_("%(name)s: links are not taken.") % name)
    if info.flag_bits & 0x1:
        raise ZipRefused(_("%(name)s: encrypted files are not taken.") % name)
    if not path.name.lower().endswith(tuple(rules.endings)):
        kinds = {"kinds": rules.kinds}
        raise ZipRefused(_("%(name)s: only %(kinds)s are taken.") % (name | kinds))
    if info.file_size > rules.file_bytes_max:
        limit = {"limit": rules.file_bytes_max / 2**20}
        raise ZipTooLarge(_("%(name)s: the file is larger than %(limit)g MiB.") % (name | limit))


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _shown(info: zipfile.ZipInfo) -> str:
    """An entry's name for a sentence: nothing that changes its direction, its end if it is long."""
    seen = "".join(c for c in info.orig_filename if unicodedata.category(c)[0] != "C")
    return seen[-NAME_SHOWN:]


def _damaged() -> ZipRefused:
    return ZipRefused(_("The zip is damaged or cut off."))


def _entry_damaged(info: zipfile.ZipInfo) -> ZipRefused:
    return ZipRefused(_("%(name)s: this entry of the zip is damaged.") % {"name": _shown(info)})

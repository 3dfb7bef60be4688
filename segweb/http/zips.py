"""Zips from strangers: what they may hold, how much, and under which names.

Everything that a zip says of itself is looked at before a byte of its files is read, and then
nobody believes it: bytes are counted, checksums tested. Nothing here writes to a path.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What systems put beside people's files, lower case; macOS names its own ._NAME, too.
LEFT_ASIDE = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
# Others take a long time or much memory to unpack, and nobody's tool packs images with them.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NAME_SHOWN = 100  # characters of a name in a sentence

_END, _END_BYTES, _COMMENT_BYTES = b"PK\x05\x06", 22, 0xFFFF
_LOCATOR_64, _LOCATOR_64_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
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

    @property
    def shown(self) -> str:
        """Its name for a sentence."""
        return _shown(self.info)

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes, counted, and its checksum tested. ZipRefused when it has lied."""
        left = self.info.file_size
        try:
            with self.archive.open(self.info) as file:
                # One piece beyond the size that it gave is enough: a bomb is not read to its end.
                while left >= 0 and (piece := file.read(_PIECE)):
                    left -= len(piece)
                    yield piece
        except Exception as fault:  # zipfile raises many kinds on a record that misleads it
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
    end = zip_end(file)
    if end is None:
        raise _damaged()
    # A 64-bit record has figures of its own, which only files of more than 4 GiB have need of.
    needless = end.zip64 and rules.bytes_max < 2**32
    # Before the list is parsed: a million entries would take minutes, and memory.
    if (
        needless
        or end.entries > rules.entries_max
        or end.directory_bytes > rules.directory_bytes_max
    ):
        raise ZipTooMany(_("The zip has too many entries."))
    try:
        archive = zipfile.ZipFile(file)
    except Exception as fault:  # as in `pieces`
        raise _damaged() from fault
    infos = []
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        aside = info.filename.endswith("/") or any(
            part.lower() in LEFT_ASIDE or part.startswith("._") for part in path.parts
        )
        # A link is looked at whatever it is called, so that none slips by as a note.
        if not aside and (wanted(path) or _is_link(info)):
            _check_entry(info, rules)
            infos.append(info)
    if sum(info.file_size for info in infos) > rules.bytes_max:
        limit = {"limit": rules.bytes_max / 2**20}
        raise ZipTooLarge(_("The zip holds too much: more than %(limit)g MiB.") % limit)
    return [ZipEntry(archive, info) for info in infos]


class ZipEnd(NamedTuple):
    """The record at a zip's end: entries, bytes of their list, and whether they are 64-bit ones."""

    entries: int
    directory_bytes: int
    zip64: bool


def zip_end(file: BinaryIO) -> ZipEnd | None:
    """The record at the end of `file`, which is left at its beginning; None where it has none."""
    length = file.seek(0, 2)
    # A comment of up to 64 KiB may follow the record, and 64-bit ones come before it.
    before = _LOCATOR_64_BYTES + _END_64_BYTES
    file.seek(max(0, length - _COMMENT_BYTES - _END_BYTES - before))
    tail = bytes(before) + file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < before or len(tail) < at + _END_BYTES:
        return None
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    if not tail.startswith(_LOCATOR_64, at - _LOCATOR_64_BYTES):
        return ZipEnd(entries, directory_bytes, False)
    if tail.startswith(_END_64, at - before):
        # These are what zipfile goes by, whatever the 32-bit ones say.
        entries, directory_bytes = struct.unpack("<QQ", tail[at - before + 32 : at - before + 48])
    return ZipEnd(entries, directory_bytes, True)


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
    if info.compress_type not in METHODS:
        text = _("%(name)s: its compression is not taken; pack the zip with the usual one.")
        raise ZipRefused(text % name)
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

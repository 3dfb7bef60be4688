"""Unpacking a zip from a stranger: what it may hold, how much, and under which names.

Everything that the archive says of itself is looked at before a byte is unpacked, and while it is
unpacked nobody believes it: bytes are counted, checksums checked.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from segweb.http.zips import zip_end

MOST_FILES = 60_000
MOST_BYTES = 8 * 2**30  # unpacked
MOST_DIRECTORY_BYTES = 32 * 2**20  # of the archive's own table of contents
LONGEST_NAME = 200
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".json"}
IGNORED = {".txt", ".md", ""}  # a licence or a note may lie beside the images
_PIECE = 1 << 20


class ArchiveRefused(ValidationError):
    """The archive holds what may not be unpacked; the message says what and where."""


def archive_unpack(file: BinaryIO, folder: Path) -> None:
    """Unpack a zip's images and JSON files into `folder`. ArchiveRefused says why not."""
    _require_bearable_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            wanted = [(info, _place(info)) for info in archive.infolist() if _wanted(info)]
            if len({str(place).lower() for _info, place in wanted}) < len(wanted):
                raise ArchiveRefused(_("The archive names a file twice."))
            if sum(info.file_size for info, _place in wanted) > MOST_BYTES:
                raise ArchiveRefused(_("The archive holds too much."))
            for info, place in wanted:
                _unpack(archive, info, folder / place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise ArchiveRefused(_("The archive is damaged: %(why)s.") % {"why": fault}) from fault


def _require_bearable_directory(file: BinaryIO) -> None:
    """Refuse a table of contents that would fill the memory before anything could be counted."""
    end = zip_end(file)
    if end is None:
        raise ArchiveRefused(_("This is no zip archive."))
    if end.entries > MOST_FILES or end.directory_bytes > MOST_DIRECTORY_BYTES:
        raise ArchiveRefused(
            _("The archive holds too many files; unpack it below the data root instead.")
        )


def _wanted(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is for us: neither a folder, nor a note, nor what macOS adds."""
    path = PurePosixPath(info.filename)
    if info.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
        return False
    return path.suffix.lower() not in IGNORED or stat.S_ISLNK(info.external_attr >> 16)


def _place(info: zipfile.ZipInfo) -> PurePosixPath:
    """Where an entry is unpacked, relative to the folder."""
    path, name = PurePosixPath(info.filename), info.filename[:80]
    astray = path.is_absolute() or ".." in path.parts or "\\" in info.filename
    if astray or "\0" in info.filename or ":" in path.parts[0] or not info.filename.isprintable():
        raise ArchiveRefused(_("The archive's name %(name)r leads astray.") % {"name": name})
    if len(info.filename) > LONGEST_NAME:
        raise ArchiveRefused(_("A name in the archive is too long: %(name)s.") % {"name": name})
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveRefused(_("%(name)s is a link; archives hold files.") % {"name": name})
    if info.flag_bits & 1:
        raise ArchiveRefused(_("%(name)s is encrypted.") % {"name": name})
    if path.suffix.lower() not in SUFFIXES:
        raise ArchiveRefused(_("%(name)s is no image and no JSON file.") % {"name": name})
    return path


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as source, path.open("wb") as target:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise ArchiveRefused(_("The archive lies about the size of its files."))
            target.write(piece)
    if left:
        raise ArchiveRefused(_("The archive lies about the size of its files."))

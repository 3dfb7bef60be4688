"""Unpacking a data set's zip to a folder: what it may hold, beside what every zip may not."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from segweb.http.zips import ZipEntry, ZipRules, ZipTooLarge, ZipTooMany, zip_entries

# More belong below the data root, where nothing has to be unpacked.
MOST_FILES = 60_000
MOST_BYTES = 8 * 2**30  # unpacked
MOST_DIRECTORY_BYTES = 32 * 2**20  # of the archive's own table of contents
LONGEST_NAME = 200
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".json"}
IGNORED = {".txt", ".md", ""}  # a licence or a note may lie beside the images


class ArchiveRefused(ValidationError):
    """The archive holds what may not be unpacked; the message says what and where."""


def archive_unpack(file: BinaryIO, folder: Path) -> None:
    """Unpack a zip's images and JSON files into `folder`. ValidationError says why not."""
    rules = ZipRules(
        endings=SUFFIXES,
        kinds=_("images and JSON files"),
        entries_max=MOST_FILES,
        directory_bytes_max=MOST_DIRECTORY_BYTES,
        file_bytes_max=2**40,  # all together are bounded
        bytes_max=MOST_BYTES,
    )
    try:
        entries = zip_entries(file, rules, wanted=_is_no_note)
    except (ZipTooMany, ZipTooLarge) as refusal:
        way_out = _("Unpack it below the data root instead.")
        raise ArchiveRefused([*refusal.messages, way_out]) from refusal
    for entry in entries:
        _check_path(entry)
    # Lower case: two names may be one file on the disk that they are unpacked to.
    paths = [PurePosixPath(str(entry.path).lower()) for entry in entries]
    folders = {parent for path in paths for parent in path.parents}
    if len(set(paths)) < len(paths) or folders & set(paths):
        raise ArchiveRefused(_("The archive names a file twice."))
    for entry in entries:
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            target.writelines(entry.pieces())


def _is_no_note(path: PurePosixPath) -> bool:
    return path.suffix.lower() not in IGNORED and not path.name.startswith(".")


def _check_path(entry: ZipEntry) -> None:
    """Refuse names that a file system may not take; in the database they would do no harm."""
    name = {"name": entry.info.filename[:80]}
    if not entry.info.filename.isprintable():
        raise ArchiveRefused(_("The archive's name %(name)r leads astray.") % name)
    if len(entry.info.filename) > LONGEST_NAME:
        raise ArchiveRefused(_("A name in the archive is too long: %(name)s.") % name)

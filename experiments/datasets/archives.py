"""Unpacking a data set's zip to a folder: what it may hold, beside what every zip may not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from segweb.http.zips import ZipEntry, ZipRules, ZipTooLarge, ZipTooMany, zip_entries

# More belong below the data root, where nothing has to be unpacked.
MOST_FILES = 60_000
MOST_BYTES = 8 * 2**30  # unpacked
MOST_DIRECTORY_BYTES = 32 * 2**20  # of the archive's own table of contents
LONGEST_NAME = 200  # characters, folders included
LONGEST_PART = 255  # bytes of one name, as file systems count
# Images, and what the formats of models_zoo say beside them.
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".json", ".txt", ".yaml", ".yml"}
IGNORED = {".md", ""}  # a licence or a note may lie beside the images


class ArchiveRefused(ValidationError):
    """The archive holds what may not be unpacked; the message says what and where."""


def archive_entries(file: BinaryIO) -> list[ZipEntry]:
    """A zip's images and files of labels, as far as its list of entries tells they can be taken.

    ValidationError says why not.
    """
    rules = ZipRules(
        endings=SUFFIXES,
        kinds=_("images and files of labels"),
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
    paths = []
    for entry in entries:
        # Names that a file system may not take; in the database they would do no harm.
        name = {"name": entry.shown}
        if not entry.info.filename.isprintable():
            raise ArchiveRefused(_("The archive's name %(name)r leads astray.") % name)
        parts = [part.encode(errors="replace") for part in entry.path.parts]
        if len(entry.info.filename) > LONGEST_NAME or max(map(len, parts)) > LONGEST_PART:
            raise ArchiveRefused(_("A name in the archive is too long: %(name)s.") % name)
        # Two names may be one file on the disk that they are unpacked to.
        folded = unicodedata.normalize("NFC", str(entry.path).casefold())
        paths.append(PurePosixPath(folded))
    folders = {parent for path in paths for parent in path.parents}
    if len(set(paths)) < len(paths) or folders & set(paths):
        raise ArchiveRefused(_("The archive names a file twice."))
    return entries


def archive_unpack(
    file: BinaryIO, folder: Path, progress: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Unpack a zip's images and files of labels into `folder`. ValidationError says why not.

    `progress` is told after each file how many of how many are unpacked.
    """
    entries = archive_entries(file)
    for number, entry in enumerate(entries, start=1):
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            target.writelines(entry.pieces())
        progress(number, len(entries))


def _is_no_note(path: PurePosixPath) -> bool:
    return path.suffix.lower() not in IGNORED and not path.name.startswith(".")

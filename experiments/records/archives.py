"""What the zip of an import may hold, beside what every zip may not: bounds, and names of files."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from pathlib import PurePosixPath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from segweb.http.zips import ZipEntry, ZipRules, zip_entries

MOST_FILES = 60_000
MOST_BYTES = 8 * 2**30  # unpacked
MOST_DIRECTORY_BYTES = 32 * 2**20  # of the archive's own table of contents
LONGEST_NAME = 200  # characters, folders included
LONGEST_PART = 255  # bytes of one name, as file systems count


class ArchiveRefused(ValidationError):
    """The archive holds what may not be taken; the message says what and where."""


def entries_named(
    file: BinaryIO,
    *,
    endings: Collection[str],
    kinds: str,
    wanted: Callable[[PurePosixPath], bool],
    file_bytes_max: int = 2**40,  # all together are bounded
) -> list[ZipEntry]:
    """The `wanted` files of a zip, as far as its list of entries tells they can be taken.

    `endings` and `kinds` as ZipRules has them. ArchiveRefused and ZipRefused say why not.
    """
    rules = ZipRules(
        endings=endings,
        kinds=kinds,
        entries_max=MOST_FILES,
        directory_bytes_max=MOST_DIRECTORY_BYTES,
        file_bytes_max=file_bytes_max,
        bytes_max=MOST_BYTES,
    )
    entries = zip_entries(file, rules, wanted=wanted)
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

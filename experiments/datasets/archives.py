"""Unpacking a data set's zip to a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.utils.translation import gettext as _

from experiments.records.archives import ArchiveRefused, entries_named
from segweb.http.zips import ZipEntry, ZipTooLarge, ZipTooMany

# Images, and what the formats of models_zoo say beside them.
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".json", ".txt", ".yaml", ".yml"}
IGNORED = {".md", ""}  # a licence or a note may lie beside the images


def archive_entries(file: BinaryIO) -> list[ZipEntry]:
    """A zip's images and files of labels, as far as its list of entries tells they can be taken.

    ValidationError says why not.
    """
    kinds = _("images and files of labels")
    try:
        return entries_named(file, endings=SUFFIXES, kinds=kinds, wanted=_is_no_note)
    except (ZipTooMany, ZipTooLarge) as refusal:
        # More belong below the data root, where nothing has to be unpacked.
        way_out = _("Unpack it below the data root instead.")
        raise ArchiveRefused([*refusal.messages, way_out]) from refusal


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

"""The files of a batch: images, or a zip of images with true masks. Nothing is unpacked to a path.

A zip is refused before anything is queued when it holds what no batch needs: paths that lead
elsewhere, links, archives, encrypted or damaged entries, too many entries or bytes. Its directory
is measured before it is read, and no entry is read beyond the limit, whatever size it claims.

A mask lies in a folder `masks`, or is called NAME.mask.png; it belongs to the image of its name.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from inference.images.uploads import UploadRefused, UploadTooLarge, clean_name
from segweb.http.zips import zip_end

IMAGES_MAX = 50
DIRECTORY_BYTES = 2**20  # of a zip's list of entries: thousands of names
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
LEFT_ASIDE = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class BatchFile:
    """One image with its true mask, read when it is asked for."""

    name: str
    read: Callable[[], bytes]
    read_mask: Callable[[], bytes] | None = None


def batch_bytes_max() -> int:
    """How many bytes a batch may have."""
    return 8 * settings.UPLOAD_MAX_BYTES


def batch_files(files: Sequence[BinaryIO]) -> list[BatchFile]:
    """The images of an upload: one zip, or up to IMAGES_MAX files. UploadRefused says why not."""
    zips = [file for file in files if _is_zip(file)]
    if zips and len(files) > 1:
        raise UploadRefused(_("Send images, or one zip, but not both."))
    if zips:
        found = _entries(zips[0])
    else:
        found = [BatchFile(clean_name(file.name), partial(_read_whole, file)) for file in files]
    if not found:
        raise UploadRefused(_("There is no image in it."))
    if len(found) > IMAGES_MAX:
        limit = {"found": len(found), "limit": IMAGES_MAX}
        raise UploadRefused(_("These are %(found)s images; a batch has at most %(limit)s.") % limit)
    return found


def _is_zip(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    return head in SIGNATURES


def _read_whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(settings.UPLOAD_MAX_BYTES + 1)


def _entries(file: BinaryIO) -> list[BatchFile]:
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except (*BROKEN, ValueError) as fault:
        raise _damaged() from fault
    infos = [info for info in archive.infolist() if not _is_aside(info)]
    for info in infos:
        _check_entry(info)
    if sum(info.file_size for info in infos) > batch_bytes_max():
        limit = batch_bytes_max() / 2**20
        raise UploadTooLarge(_("The zip holds more than %(limit)g MiB.") % {"limit": limit})
    masks = {_stem(info): info for info in infos if _is_mask(info)}
    images = [info for info in infos if not _is_mask(info)]
    strays = set(masks) - {_stem(info) for info in images}
    if strays:
        raise UploadRefused(_("%(name)s: there is no image for this mask.") % {"name": min(strays)})
    found = []
    for info in images:
        mask = masks.get(_stem(info))
        read_mask = partial(_read_entry, archive, mask) if mask else None
        name = clean_name(info.filename)
        found.append(BatchFile(name, partial(_read_entry, archive, info), read_mask))
    return found


def _check_directory(file: BinaryIO) -> None:
    """Bound the list of entries before it is read: parsing a million of them would take minutes."""
    end = zip_end(file)
    if end is None:
        raise _damaged()
    if end.directory_bytes > DIRECTORY_BYTES or end.zip64:
        raise UploadRefused(_("The zip has too many entries."))


def _is_aside(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or any(part in LEFT_ASIDE for part in parts)


def _check_entry(info: zipfile.ZipInfo) -> None:
    """Refuse, by name, what an archive of images has no need of."""
    # `orig_filename`: zipfile cuts a name at NUL and turns backslashes around on Windows.
    path, name = PurePosixPath(info.orig_filename), {"name": clean_name(info.orig_filename)}
    elsewhere = path.is_absolute() or ".." in path.parts or ":" in info.orig_filename
    if elsewhere or "\\" in info.orig_filename or "\0" in info.orig_filename:
        raise UploadRefused(_("%(name)s: its path leads out of the zip.") % name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UploadRefused(_("%(name)s: links are not taken.") % name)
    if info.flag_bits & 0x1:
        raise UploadRefused(_("%(name)s: encrypted files are not taken.") % name)
    if not path.name.lower().endswith(IMAGE_ENDINGS):
        raise UploadRefused(_("%(name)s: only images are taken.") % name)
    if info.file_size > settings.UPLOAD_MAX_BYTES:
        limit = {"limit": settings.UPLOAD_MAX_BYTES / 2**20}
        raise UploadTooLarge(_("%(name)s: the file is larger than %(limit)g MiB.") % (name | limit))


def _is_mask(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename.lower())
    return "masks" in path.parts[:-1] or path.stem.endswith(".mask")


def _stem(info: zipfile.ZipInfo) -> str:
    """What an image and its mask have in common."""
    return PurePosixPath(info.filename).stem.removesuffix(".mask")


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """An entry's bytes, its checksum tested. UploadRefused when it is not what it claims."""
    try:
        with archive.open(info) as entry:
            content = entry.read(settings.UPLOAD_MAX_BYTES + 1)
            if not entry.read(1):
                return content
    except BROKEN as fault:
        name = {"name": clean_name(info.filename)}
        raise UploadRefused(_("%(name)s: this entry of the zip is damaged.") % name) from fault
    raise UploadTooLarge(_("The file is too large."))


def _damaged() -> UploadRefused:
    return UploadRefused(_("The zip is damaged or cut off."))

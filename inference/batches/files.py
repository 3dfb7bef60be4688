"""The files of a batch: images, or a zip of images with true masks. Nothing is unpacked to a path.

A mask lies in a folder `masks`, or is called NAME.mask.png; `pairing` says whose it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from inference.batches.pairing import pairs
from inference.images.uploads import UploadRefused, clean_name
from segweb.http.zips import ZipRules, zip_entries

IMAGES_MAX = 50
# More than a zip without zip64 counts to: IMAGES_MAX and DIRECTORY_BYTES are what limits.
ENTRIES_MAX = 2**16
# Unbounded, a million entries would take minutes before the first is looked at.
DIRECTORY_BYTES = 2**20  # of a zip's list of entries: thousands of names
# The header of a first file, and the end of an archive that is empty.
SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")


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
    """The images of an upload: one zip, or up to IMAGES_MAX files.

    UploadRefused, or ZipRefused of a zip, says why not.
    """
    zips = []
    for file in files:
        file.seek(0)
        if file.read(4) in SIGNATURES:
            zips.append(file)
        file.seek(0)
    if zips and len(files) > 1:
        raise UploadRefused(_("Send images, or one zip, but not both."))
    if zips:
        images = _unzipped(zips[0])
    else:
        images = [BatchFile(clean_name(file.name), partial(_read_whole, file)) for file in files]
    if not images:
        raise UploadRefused(_("There is no image in it."))
    if len(images) > IMAGES_MAX:
        limit = {"found": len(images), "limit": IMAGES_MAX}
        raise UploadRefused(_("These are %(found)s images; a batch has at most %(limit)s.") % limit)
    return images


def _read_whole(file: BinaryIO) -> bytes:
    file.seek(0)
    # One byte beyond the limit is enough for `check_header` to refuse it.
    return file.read(settings.UPLOAD_MAX_BYTES + 1)


def _unzipped(file: BinaryIO) -> list[BatchFile]:
    rules = ZipRules(
        endings=IMAGE_ENDINGS,
        kinds=_("images"),
        entries_max=ENTRIES_MAX,
        directory_bytes_max=DIRECTORY_BYTES,
        file_bytes_max=settings.UPLOAD_MAX_BYTES,
        bytes_max=batch_bytes_max(),
    )
    paired = pairs(zip_entries(file, rules))
    names = Counter(image.path.name for image, _mask in paired)
    return [
        BatchFile(
            # Images of several folders that share a name are told apart by their folders.
            clean_name(image.info.filename)
            if names[image.path.name] == 1
            else clean_name("_".join(image.path.parts)),
            image.read,
            mask.read if mask else None,
        )
        for image, mask in paired
    ]

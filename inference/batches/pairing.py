"""Which true mask of a zip is which image's: by their paths; by the name alone where it is one.

a.png                    a.mask.png, masks/a.png
seq1/images/a.png        seq1/masks/a.png
images/train/a.png       masks/train/a.png
train/a.png              train/masks/a.png
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from inference.images.uploads import UploadRefused
from segweb.http.zips import ZipEntry

IMAGES, MASKS, ENDING = "images", "masks", ".mask"
SHOWN = 3  # paths in a sentence


def pairs(entries: Sequence[ZipEntry]) -> list[tuple[ZipEntry, ZipEntry | None]]:
    """The images among the files of a zip, each with its true mask, None for one without.

    UploadRefused names a mask that fits no image, or more than one.
    """
    masks = [entry for entry in entries if _is_mask(entry.path)]
    images = [entry for entry in entries if not _is_mask(entry.path)]
    by_place: dict[PurePosixPath, list[ZipEntry]] = defaultdict(list)
    by_name: dict[str, list[ZipEntry]] = defaultdict(list)
    for image in images:
        by_place[_place(image.path)].append(image)
        by_name[_place(image.path).name].append(image)
    alike = defaultdict(list)
    for mask in masks:
        alike[_place(mask.path).name].append(mask)
    mask_of: dict[str, ZipEntry] = {}
    for mask in masks:
        place = _place(mask.path)
        # By the name alone where nothing else has it: pictures/a.jpg and labels/masks/a.png.
        lone = by_name[place.name] if len(alike[place.name]) == 1 else []
        fitting = by_place[place] or lone
        named = {"name": mask.shown}
        # In silence its image would just have no score.
        if not fitting:
            raise UploadRefused(_("%(name)s: there is no image for this mask.") % named)
        if len(fitting) > 1 or fitting[0].info.filename in mask_of:
            others = fitting if len(fitting) > 1 else [mask_of[fitting[0].info.filename], mask]
            named["others"] = ", ".join(other.shown for other in others[:SHOWN])
            text = _("%(name)s: it cannot be told which mask is which image's: %(others)s.")
            raise UploadRefused(text % named)
        mask_of[fitting[0].info.filename] = mask
    return [(image, mask_of.get(image.info.filename)) for image in images]


def _is_mask(path: PurePosixPath) -> bool:
    folders = [part.lower() for part in path.parts[:-1]]
    return MASKS in folders or path.stem.lower().endswith(ENDING)


def _place(path: PurePosixPath) -> PurePosixPath:
    """What an image and its mask have in common: the folder without `images` or `masks`."""
    folders = list(path.parts[:-1])
    for number in reversed(range(len(folders))):
        if folders[number].lower() in (IMAGES, MASKS):
            del folders[number]
            break
    stem = path.stem
    if stem.lower().endswith(ENDING):
        stem = stem[: -len(ENDING)]
    return PurePosixPath(*folders, unicodedata.normalize("NFC", stem))

"""Masks that something else predicted for a split: a zip or a folder of PNGs, scored like our own.

A mask is called as its image; folders around it do not matter unless they tell images apart. Each
image has one, of its size, and holds class ids of the data set alone, whatever the palette.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np

from models_zoo.data.base import DatasetSplit
from models_zoo.data.findings import named
from models_zoo.data.listing import MASK_SUFFIX, composed
from models_zoo.masks import mask_size, read_mask
from models_zoo.predict.scoring import SplitCounts, SplitScores, passport
from models_zoo.translation import gettext_noop as _

MOST_BYTES = 64 * 2**20  # of one mask's file
Masks = dict[str, Callable[[], bytes]]


def masks_score(
    place: Path | Masks,
    dataset: DatasetSplit,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> SplitScores:
    """What the masks of a zip or a folder score on `dataset`. ValueError says which do not fit.

    In place of a zip, which is believed here, its files may be given: how each is read, by path.
    `progress` is told after each mask how many of how many are counted.
    """
    if not isinstance(place, Path):
        return _scored(_of_images(place, dataset), dataset, progress)
    if place.is_file() and not zipfile.is_zipfile(place):
        raise ValueError(_(f"{place.name} is neither a folder nor a zip of masks."))
    if not place.is_file():
        if not place.is_dir():
            raise ValueError(_(f"There is no {place}: give a folder or a zip of masks."))
        files = sorted(place.rglob("*"))
        found = {str(f.relative_to(place)): f.read_bytes for f in files if f.is_file()}
        return _scored(_of_images(found, dataset), dataset, progress)
    with zipfile.ZipFile(place) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        # As the list of entries says; that it lies is found while it is read.
        if large := [entry.filename for entry in entries if entry.file_size > MOST_BYTES]:
            raise ValueError(_(f"{len(large)} files are too large for a mask: {named(large)}."))
        found = {entry.filename: _reader(archive, entry) for entry in entries}
        if len(found) < len(entries):
            raise ValueError(_(f"{place.name} names a file twice."))
        return _scored(_of_images(found, dataset), dataset, progress)


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return archive.read(entry)
        except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError) as error:
            raise ValueError(_(f"{entry.filename} cannot be read: {error}")) from error

    return read


def _of_images(found: Masks, dataset: DatasetSplit) -> list[tuple[str, Callable[[], bytes]]]:
    """The mask of each image, in the split's order, with the name of its file."""
    names = [dataset.name(index) for index in range(len(dataset))]
    known, strange = set(names), []
    masks: dict[str, tuple[str, Callable[[], bytes]]] = {}
    for path, read in found.items():
        parts = PurePosixPath(composed(path)).with_suffix("").parts
        # What systems add: __MACOSX/._a.png
        if any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        if not path.lower().endswith(MASK_SUFFIX):
            continue
        joined = ("_".join(parts[start:]) for start in range(len(parts)))
        name = next((one for one in joined if one in known), None)
        if name is None:
            strange.append(path)
        elif name in masks:
            raise ValueError(_(f"{name} has two masks: {masks[name][0]}, {path}."))
        else:
            masks[name] = path, read
    if lacking := [name for name in names if name not in masks]:
        raise ValueError(
            _(
                f"{len(lacking)} of the {len(names)} images of {dataset.split!r} have no mask: "
                f"{named(lacking)}. A mask is a PNG that is called as its image."
            )
        )
    if strange:
        raise ValueError(
            _(f"{len(strange)} masks are of no image of {dataset.split!r}: {named(strange)}.")
        )
    return [masks[name] for name in names]


def _scored(
    masks: list[tuple[str, Callable[[], bytes]]],
    dataset: DatasetSplit,
    progress: Callable[[int, int], None],
) -> SplitScores:
    counts, digest = SplitCounts(dataset), hashlib.sha256()
    for index, (path, read) in enumerate(masks):
        _image, truth = dataset.load(index)
        content = read()
        mask = _mask(path, content, truth.shape, len(dataset.classes))
        digest.update(hashlib.sha256(mask.tobytes()).digest())
        counts.add(index, truth, mask)
        progress(index + 1, len(masks))
    # Ours is fp32's protocol: how these masks were computed is part of what is scored.
    told = passport(dataset, sha256=digest.hexdigest(), precision="fp32")
    return counts.scored(told | {"training": "masks from elsewhere, unknown"})


def _mask(path: str, content: bytes, shape: tuple[int, ...], classes: int) -> np.ndarray:
    """A file's class ids. ValueError names the file that does not fit."""
    try:
        # By its header first: nothing else bounds what is decoded.
        if (size := mask_size(BytesIO(content))) != shape:
            raise ValueError(
                _(f"it has {size[1]}×{size[0]} pixels, its image {shape[1]}×{shape[0]}.")
            )
        mask = read_mask(BytesIO(content))
        if strange := np.unique(mask[mask >= classes]).tolist():
            ids = ", ".join(map(str, strange[:5]))
            raise ValueError(_(f"it holds {ids}; classes are 0 to {classes - 1}."))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return mask

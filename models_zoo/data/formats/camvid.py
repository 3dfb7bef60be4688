"""CamVid in the layout of the SegNet tutorial: PATH/<split>/*.png and PATH/<split>annot/*.png.

Brostow, Fauqueur, Cipolla 2009; 367/101/233 images at 480×360, 11 classes and void.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import CAMVID, CAMVID_VOID
from models_zoo.data.listing import (
    existing_folder,
    image_files,
    left_out,
    missing_split,
    pair_files,
)

_MASKS = "annot"
_BLOCK = 10  # frames


class CamVid(FileDataset):
    """CamVid's folder at `path`."""

    kind, form = "camvid", "camvid:PATH"
    marks = ("trainannot",)
    slug = "camvid"
    title = "CamVid"
    licence = "CC BY-NC 4.0"
    source = "Brostow, Fauqueur, Cipolla 2009; split and labels of the SegNet tutorial"
    classes = CAMVID
    ignore_index = CAMVID_VOID
    input_size = (360, 480)
    published = True

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = existing_folder(path, self.form), split
        if not (self.root / split).is_dir():
            folders = self.root.glob(f"*{_MASKS}")
            available = [folder.name.removesuffix(_MASKS) for folder in folders]
            raise missing_split(split, self.root / split, available)
        self.findings = left_out(self.root / split, split)

    @staticmethod
    def blocks_of(names: Sequence[str]) -> list[int]:
        """Ten frames that follow each other in one drive, as in 0016E5_07959, are a block.

        A frame a second: after ten of them little is left in view. Val is of one drive and test of
        two, too few to be drawn as wholes.
        """
        drives: dict[str, list[str]] = {}
        for name in sorted(names):
            drives.setdefault(name.partition("_")[0], []).append(name)
        blocks = {
            name: (drive, place // _BLOCK)
            for drive, frames in drives.items()
            for place, name in enumerate(frames)
        }
        order = {block: n for n, block in enumerate(sorted(set(blocks.values())))}
        return [order[blocks[name]] for name in names]

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        return pair_files(image_files(self.root / self.split), self.root / f"{self.split}{_MASKS}")

"""CamVid in the layout of the SegNet tutorial: PATH/<split>/*.png and PATH/<split>annot/*.png.

Brostow, Fauqueur, Cipolla 2009; 367/101/233 images at 480×360, 11 classes and void.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from models_zoo.data.base import Dataset, pair_files, require_split
from models_zoo.data.classes import CAMVID, CAMVID_VOID


class CamVid(Dataset):
    slug = "camvid"
    title = "CamVid"
    licence = "CC BY-NC 4.0"
    source = "Brostow, Fauqueur, Cipolla 2009; split and labels of the SegNet tutorial"
    classes = CAMVID
    ignore_index = CAMVID_VOID
    input_size = (360, 480)

    def __init__(self, path: str, split: str) -> None:
        self.root, self.split = Path(path), split
        if not self.root.is_dir():
            raise ValueError(f"There is no folder {path!r}. Give it as camvid:PATH.")
        require_split(split, self.root / split, self._splits)

    def _splits(self) -> list[str]:
        suffix = "annot"
        return sorted(p.name[: -len(suffix)] for p in self.root.glob(f"*{suffix}") if p.is_dir())

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        return pair_files(self.root / self.split, self.root / f"{self.split}annot")

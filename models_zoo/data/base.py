"""What every data set offers: its classes, its items by index, a hash of its split."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from models_zoo.data.classes import Classes
from models_zoo.images import open_image, open_mask


class Dataset(ABC):
    """One split of a data set. Subclasses set the class attributes and `pairs`."""

    slug: str
    title: str
    licence: str
    source: str
    classes: Classes
    ignore_index: int | None
    input_size: tuple[int, int]
    """Height and width that networks are trained for and scored at."""

    split: str

    @cached_property
    @abstractmethod
    def pairs(self) -> list[tuple[Path, Path]]:
        """Image and mask files, sorted by name."""

    def __len__(self) -> int:
        return len(self.pairs)

    def name(self, index: int) -> str:
        """The image's file name without its suffix."""
        return self.pairs[index][0].stem

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image H×W×3 uint8 RGB and mask H×W uint8. ValueError when their sizes differ."""
        image_path, mask_path = self.pairs[index]
        image, mask = open_image(image_path), open_mask(mask_path)
        if image.shape[:2] != mask.shape:
            raise ValueError(
                f"{mask_path.name}: the mask is {mask.shape[1]}×{mask.shape[0]} pixels, "
                f"its image {image.shape[1]}×{image.shape[0]}."
            )
        return image, mask

    @cached_property
    def split_hash(self) -> str:
        """sha256 over the names and bytes of every file of the split, first 16 digits."""
        digest = hashlib.sha256()
        for path in (path for pair in self.pairs for path in pair):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    @property
    def passport(self) -> dict[str, str]:
        """What a checkpoint's sidecar says of the data."""
        return {name: getattr(self, name) for name in ("slug", "title", "licence", "source")}


def pair_files(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Every PNG in `images` with the file of the same name in `masks`, sorted.

    ValueError names the first images without a mask.
    """
    pairs = [(path, masks / path.name) for path in sorted(images.glob("*.png"))]
    missing = [image.name for image, mask in pairs if not mask.is_file()]
    if missing:
        raise ValueError(f"{len(missing)} images have no mask in {masks}: {missing[:5]}.")
    return pairs


def require_split(split: str, folder: Path, available: Callable[[], list[str]]) -> None:
    """ValueError that names the splits at hand when `folder` does not exist."""
    if not folder.is_dir():
        found = ", ".join(available()) or "none"
        raise ValueError(f"Split {split!r} is missing: there is no {folder}. Found: {found}.")

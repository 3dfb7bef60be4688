"""What every data set offers: its classes, its items by index, a hash of its split."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from models_zoo.data.classes import Classes
from models_zoo.data.digests import bytes_unread, file_digest
from models_zoo.data.findings import Finding
from models_zoo.data.listing import composed
from models_zoo.images import image_size, open_image
from models_zoo.masks import mask_size, read_mask
from models_zoo.translation import gettext_noop as _


class Diagnosis(Protocol):
    """Adds up a data set's own numbers over its items and their predicted masks.

    `values`: each object's number, by failure and class.
    """

    values: dict[str, dict[int, list[float]]]

    def add(self, facts: Any, prediction: np.ndarray, /) -> None:
        """Counts one item, from `DatasetSplit.facts` and its H×W mask."""

    def scores(self) -> dict[str, dict[str, Any]]:
        """By name: the `value` from 0 to 1 (None without objects), and of how many `objects`."""


class DatasetSplit(ABC):
    """One split of a data set. Subclasses set the attributes and say how an item is read.

    A subclass in `models_zoo.data.formats` with a `kind` is a format: it is made with what follows
    the kind in a specification, and with the split. ValueError says what of it is not there.
    """

    kind: str = ""
    """The first word of a specification."""

    form: str
    """How a specification is written, as in "camvid:PATH"."""

    marks: Sequence[str] = ()
    """Names in a folder, each of which tells that the data set lies there."""

    describes_itself: bool = False
    """Whether a mark is meant for this format, and not just the way its files happen to lie."""

    slug: str
    slug_stated: bool = False
    """Whether the data say their slug themselves, and are not just called by their folder."""

    title: str
    licence: str
    source: str
    classes: Classes
    ignore_index: int | None
    ignore_stated: bool = True
    """False where nobody said that `ignore_index` is to be ignored: it is the usual value."""

    input_size: tuple[int, int]
    """Height and width that networks are trained for and scored at."""

    split: str
    published: bool = False
    """Whether its name says which images these are, as CamVid's does: else their bytes do."""

    labelled: bool = True
    """False for a split of images alone, which can be predicted but not scored."""

    diagnosis: Callable[[], Diagnosis] | None = None
    """Counts the failures that this data set provokes, where it knows more than masks say."""

    samples: Sequence[Any] = ()
    """Items made to show one failure each, where the data set brings such."""

    findings: Sequence[Finding] = ()
    """What opening the split showed, beside what an audit sees in each item."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, index: int) -> str:
        """The image's file name without its suffix."""

    @abstractmethod
    def load_image(self, index: int) -> np.ndarray:
        """H×W×3 uint8 RGB. ValueError naming the file when it cannot be read."""

    @abstractmethod
    def load_mask(self, index: int) -> np.ndarray:
        """H×W uint8 class ids. ValueError naming the file when it cannot be read."""

    @abstractmethod
    def digest(self, index: int) -> str:
        """A hash of the image, equal for equal images of any split."""

    @property
    @abstractmethod
    def split_hash(self) -> str:
        """16 hexadecimal digits that change with any image, mask or name of the split."""

    def read_through(self, alive: Callable[[], None]) -> None:
        """Read what `split_hash` is of, and call `alive` meanwhile: of much data it takes hours."""
        alive()

    @staticmethod
    def blocks_of(names: Sequence[str]) -> list[int]:
        """A number for each image, by its name: equal where images resemble each other.

        Statistics draw whole blocks: frames of a video that follow each other tell hardly more than
        one of them. Here each image is a block of its own.
        """
        return list(range(len(names)))

    @property
    def content(self) -> str:
        """What tells the data set's images from another one's.

        All bytes do, since of a sample one image of many could be replaced unseen.
        """
        return self.slug if self.published else self.split_hash

    @property
    def unread(self) -> int:
        """The bytes that have to be read before `content` is known."""
        return 0

    def facts(self, index: int) -> Any:
        """What `diagnosis` needs to know of an item, for data sets that bring one."""
        raise NotImplementedError

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.load_image(index).shape[:2]
        return height, width

    def mask_size(self, index: int) -> tuple[int, int]:
        """Height and width of the mask."""
        height, width = self.load_mask(index).shape
        return height, width

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and mask. ValueError when their sizes differ or the split has no masks."""
        if not self.labelled:
            raise ValueError(_(f"The split {self.split!r} of {self.title} has no masks."))
        image, mask = self.load_image(index), self.load_mask(index)
        if image.shape[:2] != mask.shape:
            raise ValueError(
                _(
                    f"{self.name(index)}: the mask is {mask.shape[1]}×{mask.shape[0]} pixels, "
                    f"its image {image.shape[1]}×{image.shape[0]}."
                )
            )
        return image, mask

    @classmethod
    def lies_in(cls, folder: Path) -> bool:
        """Whether `folder` has this format's layout."""
        return any((folder / mark).exists() for mark in cls.marks)

    @property
    def audited(self) -> Sequence[int]:
        """The items that an audit looks at: all, unless fewer stand for all."""
        return range(len(self))

    @property
    def passport(self) -> dict[str, str]:
        """What a checkpoint's sidecar says of the data. ValueError, OSError as `content`."""
        told = ("slug", "title", "licence", "source", "content")
        return {name: getattr(self, name) for name in told}


class FileDataset(DatasetSplit):
    """A split whose images are files, and whose masks are files too unless `load_mask` differs."""

    meaning: bytes = b""
    """What besides the files says which class a pixel is, such as a table of colours."""

    @property
    @abstractmethod
    def pairs(self) -> list[tuple[Path, Path]]:
        """Image files and the files that hold their truth, sorted by name."""

    def __len__(self) -> int:
        return len(self.pairs)

    def name(self, index: int) -> str:
        return composed(self.pairs[index][0].stem)

    def load_image(self, index: int) -> np.ndarray:
        return open_image(self.pairs[index][0])

    def load_mask(self, index: int) -> np.ndarray:
        return read_mask(self.pairs[index][1])

    def size(self, index: int) -> tuple[int, int]:
        return image_size(self.pairs[index][0])

    def mask_size(self, index: int) -> tuple[int, int]:
        return mask_size(self.pairs[index][1])

    def digest(self, index: int) -> str:
        # Of the file, not of its pixels: an audit decodes no image.
        return file_digest(self.pairs[index][0]).hex()

    @cached_property
    def split_hash(self) -> str:
        digest = hashlib.sha256(self.meaning)
        for path in (path for pair in self.pairs for path in pair):
            # NUL occurs in no name, so no name runs on into a hash.
            name = composed(path.name).encode()
            digest.update(name + b"\0" + file_digest(path))
        return digest.hexdigest()[:16]

    def read_through(self, alive: Callable[[], None]) -> None:
        for path in (path for pair in self.pairs for path in pair):
            alive()
            file_digest(path)  # kept, so that `split_hash` finds it

    @property
    def unread(self) -> int:
        files = () if self.published else {path for pair in self.pairs for path in pair}
        return bytes_unread(files)

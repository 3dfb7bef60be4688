"""PASCAL VOC 2012: JPEGImages, SegmentationClass and ImageSets/Segmentation/<split>.txt in PATH.

Everingham et al. 2012; 20 classes and background, void 255 along the objects' borders. A split
whose masks are kept back, such as the official test split, counts as unlabelled.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from models_zoo.data.base import FileDataset
from models_zoo.data.classes import VOC, VOC_VOID
from models_zoo.data.listing import (
    composed,
    existing_folder,
    files_in,
    missing_split,
    pair_files,
)
from models_zoo.translation import gettext_noop as _


class Voc(FileDataset):
    """VOC2012 at `path`, or VOCdevkit/VOC2012 below it."""

    kind, form = "voc", "voc:PATH"
    marks = ("SegmentationClass", "VOCdevkit")
    slug = "voc"
    title = "PASCAL VOC 2012"
    licence = _("Flickr's terms of use; the annotations' terms are the VOC challenge's")
    source = "Everingham, Van Gool, Williams, Winn, Zisserman 2012"
    classes = VOC
    ignore_index = VOC_VOID
    input_size = (375, 500)
    published = True

    def __init__(self, path: str, split: str) -> None:
        root = existing_folder(path, self.form)
        unpacked = root / "VOCdevkit" / "VOC2012"
        self.root, self.split = unpacked if unpacked.is_dir() else root, split
        lists = self.root / "ImageSets" / "Segmentation"
        if not (lists / f"{split}.txt").is_file():
            raise missing_split(
                split, lists / f"{split}.txt", [p.stem for p in lists.glob("*.txt")]
            )
        lines = (lists / f"{split}.txt").read_text(encoding="utf-8-sig").splitlines()
        # A name a line: "street 7" is one.
        names = [line.strip() for line in lines if line.strip()]
        self._images = [self.root / "JPEGImages" / f"{name}.jpg" for name in names]
        self._masks = self.root / "SegmentationClass"
        masks = files_in(self._masks) if self._masks.is_dir() else []
        stems = {composed(path.stem) for path in masks}
        self.labelled = any(composed(name) in stems for name in names)

    @cached_property
    def pairs(self) -> list[tuple[Path, Path]]:
        if not self.labelled:
            return [(image, image) for image in self._images]
        return pair_files(self._images, self._masks)

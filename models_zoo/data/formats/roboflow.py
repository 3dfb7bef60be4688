"""Roboflow's folders of COCO: PATH/train, PATH/valid and perhaps PATH/test.

Each holds its images and `_annotations.coco.json`. The first category, which only names the group
of all the others, is no class.
"""

from __future__ import annotations

from models_zoo.data.formats.coco import Coco
from models_zoo.data.listing import existing_folder

_ANNOTATIONS = "_annotations.coco.json"


class Roboflow(Coco):
    """An export of Roboflow's in the folder `path`, which is read as COCO."""

    kind, form = "roboflow", "roboflow:PATH"
    marks = (f"train/{_ANNOTATIONS}",)
    describes_itself = True

    def __init__(self, path: str, split: str) -> None:
        folder = existing_folder(path, self.form) / "train"
        super().__init__(f"{folder}:{folder / _ANNOTATIONS}", split)

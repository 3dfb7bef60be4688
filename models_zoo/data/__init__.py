"""Data sets: images with masks, named by a short specification as "camvid:PATH". Torch-free."""

from __future__ import annotations

from models_zoo.data.base import Dataset
from models_zoo.data.camvid import CamVid
from models_zoo.data.coco import Coco
from models_zoo.data.folder import Folder
from models_zoo.data.scenes.dataset import Scenes
from models_zoo.data.voc import Voc

__all__ = ["Dataset", "open_dataset"]

_FORMATS = {
    "scenes": (Scenes, "scenes"),
    "camvid": (CamVid, "camvid:PATH"),
    "voc": (Voc, "voc:PATH"),
    "coco": (Coco, "coco:IMAGES:ANNOTATIONS.json"),
    "folder": (Folder, "folder:PATH"),
}


def open_dataset(specification: str, split: str) -> Dataset:
    """The `split` of the data set that `specification` names, as in "camvid:PATH".

    ValueError names the known formats, or the splits that exist when `split` does not.
    """
    kind, _, place = specification.partition(":")
    if kind not in _FORMATS:
        known = ", ".join(form for _, form in _FORMATS.values())
        raise ValueError(f"Unknown data set {specification!r}. Known: {known}.")
    return _FORMATS[kind][0](place, split)

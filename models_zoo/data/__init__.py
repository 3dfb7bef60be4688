"""Data sets: images with masks, named by a short specification such as "camvid:PATH". Torch-free."""

from __future__ import annotations

from models_zoo.data.base import Dataset
from models_zoo.data.camvid import CamVid

__all__ = ["Dataset", "open_dataset"]

_FORMATS = {"camvid": CamVid}


def open_dataset(specification: str, split: str) -> Dataset:
    """The `split` of the data set that `specification` names, as in "camvid:PATH".

    ValueError names the known formats, or the splits that exist when `split` does not.
    """
    kind, _, path = specification.partition(":")
    if kind not in _FORMATS:
        known = ", ".join(f"{name}:PATH" for name in _FORMATS)
        raise ValueError(f"Unknown data set {specification!r}. Known: {known}.")
    return _FORMATS[kind](path, split)

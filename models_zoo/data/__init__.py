"""Data sets: images with masks, named by a short specification as "camvid:PATH". Torch-free."""

from __future__ import annotations

from models_zoo.data.base import Dataset
from models_zoo.data.formats import format_of, open_dataset

__all__ = ["Dataset", "format_of", "open_dataset"]

"""Data sets: images with masks, named by a short specification as "camvid:PATH". Torch-free."""

from __future__ import annotations

from models_zoo.data.base import DatasetSplit
from models_zoo.data.formats import format_of, open_dataset

__all__ = ["DatasetSplit", "format_of", "open_dataset"]

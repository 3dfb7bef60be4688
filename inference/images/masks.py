"""Stored masks, read back."""

from __future__ import annotations

import numpy as np
from django.db.models.fields.files import FieldFile

from models_zoo.masks import read_mask


def mask_read(stored: FieldFile) -> np.ndarray:
    """H×W uint8 class ids of a mask that a row names."""
    with stored.open() as file:
        return read_mask(file)

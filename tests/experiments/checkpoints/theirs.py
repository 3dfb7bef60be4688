"""Masks that something else predicted for the data set `mine`, whose val has two images."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from pytest_django import Settings

from tests.models_zoo.data.awkward import folder, picture


def root_make(place: Path, settings: Settings) -> Path:
    """A data root below `place` with the data set."""
    settings.DATA_ROOT = place / "data"
    (settings.DATA_ROOT / "mine").mkdir(parents=True)
    folder()(settings.DATA_ROOT / "mine")
    return place


def moved_masks(rows: int) -> dict[str, bytes]:
    """The true masks of val by file name, moved down by some rows."""
    masks = {}
    for number in range(2):
        content = io.BytesIO()
        Image.fromarray(np.roll(picture(number + 100)[1], rows, axis=0)).save(content, "PNG")
        masks[f"{number:03d}.png"] = content.getvalue()
    return masks


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()

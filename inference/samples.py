"""The sample images that the first page offers: street scenes drawn by the project itself.

`samples/samples.json` names them and the classes of their true masks; NAME.png is the image,
NAME.mask.png its mask.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """One sample; `title` and `provokes` are English sentences that templates translate."""

    name: str
    title: str
    provokes: str

    @property
    def image_path(self) -> Path:
        """The image file."""
        return FOLDER / f"{self.name}.png"

    @property
    def mask_path(self) -> Path:
        """The true mask, pixel = class id."""
        return FOLDER / f"{self.name}.mask.png"


@cache
def _index() -> dict[str, Any]:
    path = FOLDER / "samples.json"
    return json.loads(path.read_text()) if path.exists() else {"samples": []}


def sample_images() -> list[Sample]:
    """Every sample, in the order to show them."""
    return [
        Sample(entry["name"], entry["title"], entry.get("provokes", ""))
        for entry in _index()["samples"]
    ]


def sample_dataset() -> dict[str, Any]:
    """The data set that the samples' masks belong to: slug, title, classes, ignore_index."""
    return _index()["dataset"]

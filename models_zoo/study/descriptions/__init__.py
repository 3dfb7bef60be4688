"""What `python -m models_zoo describe` found out about each architecture, as files. Torch-free.

<key>.json holds figures, options and the data path of an architecture; where bilinear upsampling
has a choice, <key>.<name>.png (`CORNERS`) show what align_corners changes; grids.json holds the
numbers of the story's figures. A figure in the files is computed from the network, never typed in;
`models_zoo.study.describe` and `models_zoo.study.grids` write them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CORNERS = ("aligned", "unaligned", "difference")


@cache
def description(key: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """What is known of the architecture `key`; None before `describe` has run for it."""
    path = folder / f"{key}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def picture_path(key: str, name: str, folder: Path = FOLDER) -> Path:
    """Where the picture `name` (of CORNERS) of an architecture lies."""
    return folder / f"{key}.{name}.png"


def grids_path(folder: Path = FOLDER) -> Path:
    """Where the numbers of the story's still figures lie."""
    return folder / "grids.json"


@cache
def grids_read() -> dict[str, dict[str, Any]]:
    """Of each kind of figure, the `choice` it begins with and its `grids`: rows of numbers."""
    told: dict[str, dict[str, Any]] = json.loads(grids_path().read_text(encoding="utf-8"))
    return told

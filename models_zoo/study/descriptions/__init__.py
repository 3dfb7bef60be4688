"""What `python -m models_zoo describe` found out about each architecture, as files. Torch-free.

<key>.json holds figures, options and the data path of an architecture; where bilinear upsampling
has a choice, <key>.<name>.png (`CORNERS`) show what align_corners changes. A figure in the files
is computed from the network, never typed in; `models_zoo.study.describe` writes them.
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

"""The lineage measured on one data set, as files. Torch-free.

`python -m models_zoo story` writes <data set>.json (`models_zoo.study.story` says what is in it)
and, for scenes, <data set>.<failure>.<which>.png: the masks of the best and the worst network on
the sample that shows a failure best.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
WHICH = ("best", "worst")


def story_read(slug: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What was measured on the data set `slug`; None where nothing was."""
    path = (folder or FOLDER) / f"{slug}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def picture_path(slug: str, failure: str, which: str, folder: Path | None = None) -> Path:
    """Where the mask of the best or worst network on a failure's sample lies."""
    return (folder or FOLDER) / f"{slug}.{failure}.{which}.png"

"""One part changed inside one network: plans of arms × seeds, what they brought, what that says.

`plan` reads a plan, `results` its small files, `statistics` and `report` say what follows from
them, all without torch; `scoring`, `pictures` and `runner` train and measure. The project's own
plan is lineage.json; what has been done of it lies in lineage/, of which pages read verdicts.json
and the pictures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "lineage"
VERDICTS = "verdicts.json"
COSTS = "costs.json"
PAIRS = "pairs.json"
SIDES = {"image": "webp", "arm": "png", "against": "png", "truth": "png"}


def verdicts_read(folder: Path | None = None) -> dict[str, Any]:
    """What `ablate` has last said of the plan (`report.Results.to_json`); {} before it has."""
    return _read(VERDICTS, folder)


def costs_read(folder: Path | None = None) -> dict[str, Any]:
    """What `ablate --costs` has last measured (`costs.cost_compare`); {} before it has."""
    return _read(COSTS, folder)


def pairs_read(folder: Path | None = None) -> dict[str, Any]:
    """By comparison, the one pair of trainings outside the plan that is known of it."""
    return _read(PAIRS, folder)


def _read(name: str, folder: Path | None) -> dict[str, Any]:
    path = (folder or FOLDER) / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def picture_path(comparison: str, index: int, side: str, folder: Path | None = None) -> Path:
    """Where a picture of the image that tells most lies; `side` is one of SIDES."""
    return (folder or FOLDER) / f"{comparison}.{index}.{side}.{SIDES[side]}"

"""The shipped checkpoints: <dataset>/<catalogue key>-<variant>.safetensors + .json. Torch-free."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Shipped:
    """A checkpoint that comes with the repository: its sidecar and where its files lie."""

    sidecar: dict[str, Any]
    sidecar_path: Path
    weights_path: Path


def shipped(folder: Path = FOLDER) -> list[Shipped]:
    """Every shipped checkpoint, by key. Reads JSON only."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        sidecar = json.loads(path.read_text(encoding="utf-8"))
        found.append(Shipped(sidecar, path, path.with_suffix(".safetensors")))
    return found


def resolve(checkpoint: str) -> Shipped:
    """The checkpoint that a command line names: a shipped key or a weights file with its sidecar.

    ValueError names the known keys when there is none.
    """
    for candidate in shipped():
        if candidate.sidecar["key"] == checkpoint:
            return candidate
    weights = Path(checkpoint)
    sidecar = weights.with_suffix(".json")
    if not weights.is_file() or not sidecar.is_file():
        known = ", ".join(candidate.sidecar["key"] for candidate in shipped()) or "none"
        raise ValueError(
            f"No checkpoint {checkpoint!r}: neither a shipped key ({known}) "
            "nor a .safetensors file with its .json beside it."
        )
    return Shipped(json.loads(sidecar.read_text(encoding="utf-8")), sidecar, weights)

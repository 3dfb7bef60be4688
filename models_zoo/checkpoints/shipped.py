"""The shipped checkpoints: <dataset>/<catalogue key>-<variant>.safetensors + .json. Torch-free."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "weights"
FORMAT = 1
REQUIRED = (
    "format",
    "key",
    "architecture",
    "variant",
    "options",
    "classes",
    "ignore_index",
    "mean",
    "std",
    "input_size",
    "sha256",
)


@dataclass(frozen=True)
class Shipped:
    """A checkpoint that comes with the repository: its sidecar and where its files lie."""

    sidecar: dict[str, Any]
    sidecar_path: Path
    weights_path: Path

    @property
    def slug(self) -> str:
        """Of the data set it was trained on."""
        return self.sidecar["dataset"]["slug"]

    @property
    def architecture(self) -> str:
        """Its catalogue key."""
        return self.sidecar["architecture"]


def sidecar_read(path: Path) -> dict[str, Any]:
    """A checkpoint's sidecar. ValueError says what it lacks, FileNotFoundError that it is not."""
    try:
        sidecar = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is no sidecar: {error}.") from error
    if not isinstance(sidecar, dict):
        raise ValueError(f"{path.name} is no sidecar: it holds no object.")
    missing = [name for name in REQUIRED if name not in sidecar]
    if missing:
        raise ValueError(f"{path.name} is no sidecar: it lacks {', '.join(missing)}.")
    if sidecar["format"] != FORMAT:
        raise ValueError(f"{path.name} has format {sidecar['format']}; this reads {FORMAT}.")
    return sidecar


def shipped(folder: Path = FOLDER) -> list[Shipped]:
    """Every shipped checkpoint, by key. Reads JSON only."""
    found = []
    for path in sorted(folder.glob("*/*.json")):
        found.append(Shipped(sidecar_read(path), path, path.with_suffix(".safetensors")))
    return found


def resolve(checkpoint: str) -> Shipped:
    """The checkpoint that a command line names: a shipped key or a weights file with its sidecar.

    A key of torchvision's published networks is fetched first, which needs torch. ValueError names
    the known keys when there is none.
    """
    from models_zoo.checkpoints.published import published_checkpoint, published_keys

    for candidate in shipped():
        if candidate.sidecar["key"] == checkpoint:
            return candidate
    if checkpoint in published_keys():
        return published_checkpoint(checkpoint)
    weights = Path(checkpoint)
    sidecar = weights.with_suffix(".json")
    if not weights.is_file() or not sidecar.is_file():
        known = ", ".join(candidate.sidecar["key"] for candidate in shipped()) or "none"
        raise ValueError(
            f"No checkpoint {checkpoint!r}: neither a shipped key ({known}), "
            f"one of torchvision's ({', '.join(published_keys())}), "
            "nor a .safetensors file with its .json beside it."
        )
    return Shipped(sidecar_read(sidecar), sidecar, weights)

"""Checkpoints as files, and those that ship with the repository. Torch-free.

Shipped are weights/<dataset>/<catalogue key>-<variant>.safetensors + .json + .counts.json.gz.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.counts import SUFFIX, counts_read

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
class CheckpointFiles:
    """A checkpoint outside any database: its sidecar and where its files lie."""

    sidecar: dict[str, Any]
    sidecar_path: Path
    weights_path: Path

    @property
    def counts_path(self) -> Path:
        """Where the counts of each image lie, if there are any."""
        return self.weights_path.with_suffix(SUFFIX)

    def scores(self) -> list[dict[str, Any]]:
        """The sidecar's, the first of them with the counts of each image where they are kept."""
        scores = list(self.sidecar.get("scores", []))
        per_image = counts_read(self.weights_path, sha256=self.sidecar["sha256"])
        if scores and per_image:
            scores[0] = scores[0] | {"per_image": per_image}
        return scores

    @property
    def slug(self) -> str:
        """Of the data set it was trained on."""
        return str(self.sidecar["dataset"]["slug"])

    @property
    def architecture(self) -> str:
        """Its catalogue key."""
        return str(self.sidecar["architecture"])


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


def shipped(folder: Path = FOLDER) -> list[CheckpointFiles]:
    """Every shipped checkpoint, by key. Reads JSON only."""
    return [
        CheckpointFiles(sidecar_read(path), path, path.with_suffix(".safetensors"))
        for path in sorted(folder.glob("*/*.json"))
    ]

"""From what a person names to a checkpoint's files. Torch-free, but for what has to be fetched."""

from __future__ import annotations

from pathlib import Path

from models_zoo.checkpoints.published import published_checkpoint, published_keys
from models_zoo.checkpoints.shipped import CheckpointFiles, shipped, sidecar_read
from models_zoo.translation import gettext_noop as _


def resolve(checkpoint: str) -> CheckpointFiles:
    """The checkpoint that a command line names: a shipped key or a weights file with its sidecar.

    A key of torchvision's published networks is fetched first, which needs torch. ValueError names
    the known keys when there is none.
    """
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
            _(
                f"No checkpoint {checkpoint!r}: neither a shipped key ({known}), "
                f"one of torchvision's ({', '.join(published_keys())}), "
                "nor a .safetensors or .onnx file with its .json beside it."
            )
        )
    return CheckpointFiles(sidecar_read(sidecar), sidecar, weights)

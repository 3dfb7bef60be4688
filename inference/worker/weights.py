"""The weights of a checkpoint on this worker: stored, or published and fetched at first use.

Imports torch for published ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.models import Checkpoint
from segweb.host.artefacts import local_path


def checkpoint_weights(
    *, checkpoint: Checkpoint, progress: Callable[[float], None] | None = None
) -> tuple[Path, dict[str, Any]]:
    """Where the weights can be read, and the sidecar that belongs to them.

    `progress` hears the share of a download. OSError when there is nothing to be had.
    """
    if checkpoint.file:
        return local_path(checkpoint.file.name), checkpoint.sidecar
    from models_zoo.checkpoints.published import published_checkpoint

    found = published_checkpoint(checkpoint.key, progress=progress)
    return found.weights_path, found.sidecar

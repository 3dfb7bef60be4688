"""The state that a run resumes from: the last two are kept, and a damaged one is passed over."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch

from models_zoo.files import atomic_file

# The newest may be damaged; the one before it then loses an epoch at most, not the run.
KEPT = 2


def state_save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """The state after `step` steps as state-<step>.pt; older ones than KEPT are removed.

    OSError when it cannot be written; then those before it stay.
    """
    path = folder / f"state-{step:08d}.pt"
    with atomic_file(path) as file:
        torch.save(state, file)
    for old in state_files(folder)[:-KEPT]:
        old.unlink()
    return path


def state_load(folder: Path) -> dict[str, Any] | None:
    """The newest sound state in `folder`, or None. Only a run's own files may lie there."""
    for path in reversed(state_files(folder)):
        try:
            with zipfile.ZipFile(path) as archive:
                # torch.load looks at no checksum: it accepted a state with a flipped bit.
                if archive.testzip() is not None:
                    continue
        except (zipfile.BadZipFile, OSError, EOFError):
            continue
        # Tensors and plain values only: unpickling anything else could run it.
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    return None


def state_files(folder: Path) -> list[Path]:
    """The states in `folder`, oldest first."""
    return sorted(folder.glob("state-*.pt"))

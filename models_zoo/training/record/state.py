"""What a run resumes from: files that carry their checksum in their name.

No torch until one is written or read.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from models_zoo.files import atomic_file, sha256_of

# The newest may be damaged; the one before it then loses an epoch at most, not the run.
KEPT = 2
_NAME = re.compile(r"state-(?P<step>\d+)(-(?P<sha256>[0-9a-f]{64}))?\.pt")


class StateDamaged(Exception):
    """A state is not what was written."""


def state_save(folder: Path, step: int, state: dict[str, Any]) -> None:
    """The state after `step` steps as state-<step>-<sha256>.pt; older ones than KEPT are removed.

    OSError when it cannot be written; then those before it stay.
    """
    import torch

    start = f"state-{step:08d}"

    def named(written: Path) -> Path:
        # In the name: a checksum beside the file or in it could be cut off from it.
        return folder / f"{start}-{sha256_of(written)}.pt"

    with atomic_file(folder / f"{start}.pt", named=named) as file:
        torch.save(state, file)
    for old in state_files(folder)[:-KEPT]:
        old.unlink()


def state_resume(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest state in `folder` that is whole, or None; the names of newer ones that were not.

    These are removed: no run could go on from them. OSError when the disk does not answer.
    """
    damaged: list[str] = []
    for path in reversed(state_files(folder)):
        try:
            return _read(path), damaged
        except StateDamaged:
            path.unlink()
            damaged.append(path.name)
    return None, damaged


def state_load(folder: Path) -> dict[str, Any] | None:
    """The newest state in `folder` that is whole, or None, as by `state_resume`."""
    return state_resume(folder)[0]


def state_files(folder: Path) -> list[Path]:
    """The states in `folder`, oldest first."""
    found = [(_NAME.fullmatch(path.name), path) for path in folder.glob("state-*.pt")]
    # Of one step there are two when a run was stopped while it validated.
    ages = [(int(name["step"]), path.stat().st_mtime_ns, path) for name, path in found if name]
    return [path for _, _, path in sorted(ages)]


def _read(path: Path) -> dict[str, Any]:
    """One state. StateDamaged where it is not what was written; only a run's own may lie there."""
    name = _NAME.fullmatch(path.name)
    if checksum := name and name["sha256"]:
        if sha256_of(path) != checksum:
            raise StateDamaged
        return _loaded(path)
    # Of an earlier version, which told no checksum: the zip has one of each part, but none of its
    # own directory, in which a flipped bit raises almost anything.
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise StateDamaged
        return _loaded(path)
    except MemoryError:
        raise
    except Exception as fault:
        raise StateDamaged from fault


def _loaded(path: Path) -> dict[str, Any]:
    import torch

    # Tensors and plain values only: unpickling anything else could run it.
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state

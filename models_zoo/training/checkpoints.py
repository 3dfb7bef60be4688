"""Writing and reading what a run leaves: weights with their sidecar, and the state to resume from.

A file is written beside its place, forced to disk and then moved there, so that a reader sees the
old one or the new one, never half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn


def write_atomically(path: Path, data: bytes) -> None:
    """`data` as the file `path`, whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _compact(tensor: Tensor) -> Tensor:
    """fp16 for kernels; vectors (biases, normalisation) stay fp32, they weigh nothing."""
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor


def weights_save(path: Path, network: nn.Module) -> str:
    """The network's parameters and buffers as safetensors; returns the file's sha256."""
    data = save({name: _compact(tensor) for name, tensor in network.state_dict().items()})
    write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def weights_load(path: Path, network: nn.Module) -> None:
    """Fills `network` from a file of `weights_save`.

    ValueError says what does not fit: names, shapes, or values that are not finite.
    """
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"{path.name}: {name} holds values that are not finite.")
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path.name} does not fit this network: {error}") from error


def sidecar_path(weights: Path) -> Path:
    """The JSON file beside a weights file."""
    return weights.with_suffix(".json")


def sidecar_save(weights: Path, sidecar: dict[str, Any]) -> None:
    """Writes the sidecar of `weights`, readable by people."""
    text = json.dumps(sidecar, indent=1, ensure_ascii=False)
    write_atomically(sidecar_path(weights), text.encode() + b"\n")


def state_save(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """The state after `step` steps as state-<step>.pt; the last two are kept."""
    buffer = BytesIO()
    torch.save(state, buffer)
    path = folder / f"state-{step:08d}.pt"
    write_atomically(path, buffer.getvalue())
    for old in _states(folder)[:-2]:
        old.unlink()
    return path


def state_load(folder: Path) -> dict[str, Any] | None:
    """The newest readable state in `folder`, or None. These files are the run's own."""
    for path in reversed(_states(folder)):
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError):
            continue
    return None


def _states(folder: Path) -> list[Path]:
    return sorted(folder.glob("state-*.pt"))

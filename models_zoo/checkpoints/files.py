"""A checkpoint: weights as safetensors and a JSON sidecar that says all about them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from models_zoo.checkpoints.eight_bits import FORM, packed, unpacked
from models_zoo.files import write_atomically
from models_zoo.translation import gettext_noop as _


def weights_save(path: Path, network: nn.Module) -> str:
    """The network's parameters and buffers, kernels in fp16, as safetensors; returns its sha256.

    OSError when it cannot be written.
    """
    tensors = {}
    for name, tensor in network.state_dict().items():
        tensor = tensor.detach().cpu().contiguous()
        # Vectors (biases, normalisation) stay fp32: they weigh nothing.
        kernel = tensor.is_floating_point() and tensor.dim() > 1
        tensors[name] = tensor.half() if kernel else tensor
    data = save(tensors)
    write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def weights_shrink(path: Path, smaller: Path) -> str:
    """Writes the weights of a file of `weights_save` in 8 bits; returns the new file's sha256.

    OSError when one cannot be read or the other not be written.
    """
    data = save(packed(load(path.read_bytes())), metadata=FORM)
    write_atomically(smaller, data)
    return hashlib.sha256(data).hexdigest()


def weights_load(path: Path, network: nn.Module, *, sha256: str | None = None) -> None:
    """Fills `network` from a file of `weights_save` or `weights_shrink`.

    ValueError says what does not fit: the hash, the format, names, shapes, or values that are not
    finite. FileNotFoundError when there is none.
    """
    tensors = weights_read(path, sha256=sha256)
    wanted = network.state_dict()
    misfits = sorted(tensors.keys() ^ wanted.keys())
    common = tensors.keys() & wanted.keys()
    misfits += [name for name in common if tensors[name].shape != wanted[name].shape]
    if misfits:
        shown, more = ", ".join(misfits[:3]), len(misfits) - 3
        names = _(f"{shown} and {more} more") if more > 0 else shown
        raise ValueError(
            _(f"{path.name} does not fit this network: names or shapes differ at {names}.")
        )
    for name, tensor in tensors.items():
        # Eight bits without the metadata that says so would be read as values up to 127.
        if wanted[name].is_floating_point() and not tensor.is_floating_point():
            raise ValueError(_(f"{path.name}: {name} holds whole numbers."))
    network.load_state_dict(tensors)


def weights_read(path: Path, *, sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors of a file of `weights_save` or `weights_shrink`, by name.

    ValueError says what is wrong with it: the hash, the format, or values that are not finite.
    FileNotFoundError when there is none.
    """
    data = path.read_bytes()
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(
            _(f"{path.name} is not the file that its sidecar describes (sha256 differs).")
        )
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(_(f"{path.name} is no safetensors file: {error}")) from error
    # What the file says of itself: its header is JSON, behind its length in 8 bytes.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    tensors = unpacked(path, tensors, header.get("__metadata__") or {})  # it may be null
    for name, tensor in tensors.items():
        # fp16 ends at 65,504: a kernel beyond it was stored as infinite.
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(_(f"{path.name}: {name} holds values that are not finite."))
    return tensors


def sidecar_save(weights: Path, sidecar: dict[str, Any]) -> None:
    """Writes the sidecar of `weights`, readable by people."""
    text = json.dumps(sidecar, indent=1, ensure_ascii=False)
    write_atomically(weights.with_suffix(".json"), text.encode() + b"\n")

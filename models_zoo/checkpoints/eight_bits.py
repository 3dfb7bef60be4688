"""Weights in 8 bits a value: half of fp16's bytes, for files that are shipped.

A kernel is stored as int8 with a scale for each index of its first dimension, which for
convolutions and linear layers is the output channel: value = stored · scale, and the largest value
of a channel is stored as ±127. Its scales lie beside it in fp32 under the kernel's name and SCALE;
vectors (biases, normalisation) stay as they are. The file's metadata says so: FORM.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models_zoo.translation import gettext_noop as _

FORM = {"storage": "int8, a scale for each index of the first dimension"}
SCALE = ":scale"
# Not 128, which int8 has below zero only.
_LARGEST = 127


def packed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A network's tensors by name with its kernels in 8 bits, each followed by its scales."""
    small = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or tensor.dim() < 2:
            small[name] = tensor
            continue
        rows = tensor.float().flatten(1)
        scale = rows.abs().amax(1) / _LARGEST
        divisor = torch.where(scale > 0, scale, 1)[:, None]  # a channel of zeros stays zero
        small[name] = (rows / divisor).round().to(torch.int8).reshape(tensor.shape)
        small[name + SCALE] = scale
    return small


def unpacked(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> dict[str, Tensor]:
    """The tensors of a weights file as a network has them; those of another form come as they are.

    ValueError when its metadata names a storage that is not known here, or scales do not fit.
    """
    storage = metadata.get("storage", "")
    if not storage:
        return tensors
    if storage != FORM["storage"]:
        raise ValueError(
            _(f"{path.name} is stored in a form that is not known here: {storage[:80]}.")
        )
    whole = {name: tensor for name, tensor in tensors.items() if not name.endswith(SCALE)}
    for name, scale in tensors.items():
        if not name.endswith(SCALE):
            continue
        kernel = whole.get(name.removesuffix(SCALE))
        if kernel is None or kernel.dtype != torch.int8 or scale.shape != kernel.shape[:1]:
            raise ValueError(_(f"{path.name}: {name} fits no kernel in 8 bits."))
        shape = (-1, *[1] * (kernel.dim() - 1))
        whole[name.removesuffix(SCALE)] = kernel.float() * scale.float().reshape(shape)
    lacking = [name for name, tensor in whole.items() if tensor.dtype == torch.int8]
    if lacking:
        raise ValueError(_(f"{path.name}: {lacking[0]} is in 8 bits and has no scale."))
    return whole

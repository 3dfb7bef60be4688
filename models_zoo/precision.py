"""Where and in which precision a network runs."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch
from torch import nn

# fp32 means what it says: Nvidia's convolutions would otherwise round their inputs to tf32.
torch.backends.cudnn.allow_tf32 = False

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# oneDNN's names, which ONEDNN_MAX_CPU_ISA may limit it to, of processors without bf16.
_WITHOUT_BF16 = [
    "SSE41",
    "AVX",
    "AVX2",
    "AVX2_VNNI",
    "AVX2_VNNI_2",
    "AVX512_CORE",
    "AVX512_CORE_VNNI",
]


def device_name() -> str:
    """The device that computing uses here: "cuda" where there is one, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@cache
def resolve(precision: str, device: str) -> str:
    """`auto` as fp32, bf16 or fp16, whichever `device` computes fastest in.

    On the CPU that is bf16 where the processor has it and oneDNN may use it; emulated, it is slower
    than fp32.
    """
    if precision != "auto":
        return precision
    if device == "cpu":
        if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in _WITHOUT_BF16:
            return "fp32"
        able = torch.cpu.get_capabilities()
        return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "fp32"
    # With a gradient scaler while training. Whether bf16 would serve networks without normalisation
    # better is open.
    return "fp16"


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """The context in which a forward pass computes in `precision` (already resolved)."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device, _TYPES[precision])


def to_train(network: nn.Module, device: str) -> nn.Module:
    """`network` on `device`, in the layout in which convolutions are fastest.

    But for dilated convolutions of more than 16 channels that are no multiple of 16: in that layout
    and bf16, oneDNN as of torch 2.13 returns wrong gradients for their weights, NaN among them.
    They get their input in the default layout.
    """
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # no stub
    for layer in network.modules():
        if device != "cpu" or not isinstance(layer, nn.Conv2d):
            continue
        # From about 25×33 cells on, and often wrong by no more than the gradient's own size, so
        # that a run looks healthy. PSPNet-50 and DeepLab v2 on ResNet-101, slim, have such layers
        # (36, 72 channels).
        if max(layer.dilation) > 1 and layer.in_channels > 16 and layer.in_channels % 16 != 0:
            layer.weight.data = layer.weight.data.contiguous()
            layer.register_forward_pre_hook(lambda _, inputs: tuple(x.contiguous() for x in inputs))
    return network

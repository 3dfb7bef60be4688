"""Where and in which precision a network runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def device_name() -> str:
    """The device that computing uses here: "cuda" where there is one, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


@cache
def resolve(precision: str, device: str) -> str:
    """`auto` as fp32, bf16 or fp16, whichever `device` computes fastest in.

    On the CPU that is bf16 where the processor has it; emulated, it is slower than fp32.
    """
    if precision != "auto":
        return precision
    if device == "cpu":
        able = torch.cpu.get_capabilities()
        return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "fp32"
    return "fp16"


def autocast(precision: str, device: str) -> AbstractContextManager:
    """The context in which a forward pass computes in `precision` (already resolved)."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device, _TYPES[precision])

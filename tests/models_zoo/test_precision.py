"""Which precision `auto` is."""

from __future__ import annotations

import pytest
import torch

from models_zoo.precision import resolve


@pytest.mark.parametrize(
    ("limit", "able", "precision"),
    [
        (None, {"avx512_bf16": True}, "bf16"),
        (None, {"amx_bf16": True}, "bf16"),
        (None, {"avx2": True}, "fp32"),
        ("AVX512_CORE_BF16", {"avx512_bf16": True}, "bf16"),
        ("avx2", {"avx512_bf16": True, "amx_bf16": True}, "fp32"),
        ("AVX512_CORE_VNNI", {"avx512_bf16": True}, "fp32"),
    ],
)
def test_auto_is_bf16_where_the_processor_has_it_and_may_use_it(
    limit: str | None, able: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if limit:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    resolve.cache_clear()
    assert resolve("auto", "cpu") == precision
    resolve.cache_clear()

"""Ensembles: several networks of one class list over one image, their probabilities combined.

Followed: nothing published in particular; a weighted mean or a weighted product (the mean of the
logarithms) of the members' probabilities. EDeconvNet, which combines output maps before any
probability, is an architecture of its own in `deconvnet.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models_zoo.predict.engine import network_load

COMBINE = ("mean", "product")


def normalised_shares(shares: Sequence[float], members: int, combine: str) -> list[float]:
    """The members' weights with a sum of one; ValueError when they, or `combine`, are no good."""
    if combine not in COMBINE:
        raise ValueError(f"combine must be {' or '.join(COMBINE)}, not {combine!r}.")
    if not members or len(shares) != members or min(shares) < 0 or sum(shares) <= 0:
        raise ValueError("An ensemble needs members and a share for each, together above 0.")
    return [share / sum(shares) for share in shares]


def member_part(logits: Tensor, share: float, combine: str, *, dim: int) -> Tensor:
    """What a member adds to the sum that makes the ensemble: probabilities, or their logarithms."""
    # In float32: the logarithm of a small probability is coarse in half precision.
    logits = logits.float()
    return share * (logits.softmax(dim) if combine == "mean" else logits.log_softmax(dim))


class Ensemble(nn.Module):
    """N×3×H×W → N×K×H×W logarithms of the combined probabilities, to be used as logits.

    `shares`: the members' weights, normalised to a sum of one; equal when not given.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        *,
        shares: Sequence[float] | None = None,
        combine: str = "mean",
    ) -> None:
        super().__init__()
        shares = [1.0] * len(networks) if shares is None else shares
        self.shares = normalised_shares(shares, len(networks), combine)
        self.networks, self.combine = nn.ModuleList(networks), combine

    def forward(self, image: Tensor) -> Tensor:
        combined = None
        for network, share in zip(self.networks, self.shares, strict=True):
            part = member_part(network(image), share, self.combine, dim=1)
            combined = part if combined is None else combined + part
        if self.combine == "product":
            return combined.log_softmax(1)
        return combined.clamp(min=torch.finfo(torch.float32).tiny).log()


def ensemble_load(
    checkpoints: Sequence[tuple[Path, dict[str, Any]]],
    *,
    shares: Sequence[float] | None = None,
    combine: str = "mean",
) -> Ensemble:
    """An ensemble of checkpoints (weights file and sidecar), ready to predict.

    ValueError when their class lists or the preprocessing that they expect differ.
    """
    first = checkpoints[0][1]
    for _, sidecar in checkpoints[1:]:
        if _names(sidecar) != _names(first):
            raise ValueError(f"{sidecar['key']} knows other classes than {first['key']}.")
        if [list(sidecar[name]) for name in ("mean", "std")] != [
            list(first[name]) for name in ("mean", "std")
        ]:
            raise ValueError(f"{sidecar['key']} expects another input than {first['key']}.")
    networks = [network_load(weights, sidecar) for weights, sidecar in checkpoints]
    return Ensemble(networks, shares=shares, combine=combine).eval()


def _names(sidecar: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in sidecar["classes"]]

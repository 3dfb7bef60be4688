"""Ensembles of warm networks over one image, and what each would be without one of its members.

Followed: nothing published in particular; a weighted mean or a weighted product (the mean of the
logarithms) of the members' probabilities. EDeconvNet, which combines output maps before any
probability, is an architecture of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from models_zoo.memory import PeakBytes
from models_zoo.predict.engine import Engine, logit_blocks

Member = tuple[Path, dict[str, Any]]  # weights and sidecar
Combined = tuple[slice, slice, np.ndarray, list[np.ndarray]]
COMBINE = ("mean", "product")


def normalised_shares(shares: Sequence[float], members: int, combine: str) -> list[float]:
    """The members' weights with a sum of one; ValueError when they, or `combine`, are no good."""
    if combine not in COMBINE:
        raise ValueError(f"combine must be {' or '.join(COMBINE)}, not {combine!r}.")
    sound = members and len(shares) == members and min(shares) >= 0
    if not sound or not 0 < sum(shares) < math.inf:
        raise ValueError("An ensemble needs members and a share for each, together above 0.")
    return [share / sum(shares) for share in shares]


def member_part(logits: Tensor, share: float, combine: str, *, dim: int) -> Tensor:
    """What a member adds to the sum that makes the ensemble: probabilities, or their logarithms.

    Float32 in the shape of `logits`, whose classes lie along `dim`, times the member's `share`.
    """
    # In float32: the logarithm of a small probability is coarse in half precision.
    logits = logits.float()
    return share * (logits.softmax(dim) if combine == "mean" else logits.log_softmax(dim))


def combined_blocks(
    engine: Engine,
    members: Sequence[Member],
    pixels: np.ndarray,
    *,
    shares: Sequence[float],
    combine: str,
    scale: str = "model",
) -> Iterator[Combined]:
    """The ensemble's class ids of an H×W×3 image, in blocks that cover every pixel once.

    Each block: rows, columns, uint8 ids, and for each member the ids that the ensemble gives
    without it. Every member sees the image as it does alone; in tiles, all see the same ones.
    ValueError as `normalised_shares` raises it, and for a checkpoint that cannot be read.
    """
    shares = normalised_shares(shares, len(members), combine)
    sizes = [tuple(sidecar["input_size"]) for _, sidecar in members]
    if scale == "tiles":
        # Blocks are combined one by one, so all members have to be cut alike.
        sizes = [(max(height for height, _ in sizes), max(width for _, width in sizes))] * len(
            sizes
        )
    streams = [
        logit_blocks(_scorer(engine, member), pixels, size, scale)
        for member, size in zip(members, sizes, strict=True)
    ]
    for blocks in zip(*streams, strict=True):
        rows, columns, _ = blocks[0]
        parts = [
            member_part(logits, share, combine, dim=0)
            for (_, _, logits), share in zip(blocks, shares, strict=True)
        ]
        total = sum(parts[1:], parts[0])
        # What is left after one member's part needs no rescaling: the likeliest class stays the
        # same.
        yield rows, columns, _ids(total), [_ids(total - part) for part in parts]


def _scorer(engine: Engine, member: Member) -> Callable[[np.ndarray, tuple[int, int]], Tensor]:
    """Takes the network when it is needed, so that those held stay within the engine's budget."""

    def score(pixels: np.ndarray, scored_at: tuple[int, int]) -> Tensor:
        network, _ = engine.network(*member)
        return engine.scorer(network, member[1], PeakBytes(engine.device))(pixels, scored_at)

    return score


def _ids(combined: Tensor) -> np.ndarray:
    return combined.argmax(dim=0).byte().cpu().numpy()

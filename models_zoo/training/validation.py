"""Scoring a network while it trains, at the original size against the untouched truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch import nn

from models_zoo.data.base import Dataset
from models_zoo.engine import logits_of
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD


def predictions(
    network: nn.Module, dataset: Dataset, indices: Sequence[int], precision: str
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(index, truth, mask) of each of the items, both uint8 H×W, by `network` as it is now."""
    network.eval()
    for index in indices:
        image, truth = dataset.load(index)
        logits = logits_of(
            network,
            image,
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            scored_at=truth.shape,
            precision=precision,
        )
        yield index, truth, logits.argmax(dim=0).byte().cpu().numpy()

"""Scoring a network while it trains, at the original size against the untouched truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models_zoo.data.base import DatasetSplit
from models_zoo.data.kept import Kept
from models_zoo.data.transforms import IGNORED
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.predict.engine import logits_of
from models_zoo.training.objective import Objective


def predictions(
    network: nn.Module, items: DatasetSplit | Kept, indices: Sequence[int], precision: str
) -> Iterator[tuple[int, np.ndarray, Tensor]]:
    """Index, truth (uint8 H×W) and K×H×W logits of each of the items, by `network` as it is now."""
    network.eval()
    for index in indices:
        image, truth = items.load(index)
        logits = logits_of(
            network,
            image,
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            scored_at=truth.shape,
            precision=precision,
        )
        yield index, truth, logits


@torch.no_grad()
def weighted_loss(
    objective: Objective, logits: Tensor, truth: np.ndarray, dataset: DatasetSplit
) -> Tensor:
    """The objective over one image times the weight of its pixels, and that weight: 2 float64."""
    ids = torch.from_numpy(truth).long()[None].to(logits.device)
    if dataset.ignore_index is not None:
        ids[ids == dataset.ignore_index] = IGNORED
    mass = objective.mass(ids)
    # Times its mass, so that the split's loss is one over its pixels and no mean of images' means.
    return torch.stack([objective([(logits[None], 1.0)], ids).double() * mass, mass])

"""Scoring a network on a whole split, at the original size against the untouched truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from models_zoo.data.base import Dataset
from models_zoo.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.engine import Engine, logits_of
from models_zoo.metrics import confusion, scores


def passport(dataset: Dataset, *, sha256: str, precision: str) -> dict[str, Any]:
    """What a score depends on; scores whose passports differ are not comparable."""
    return {
        "split_hash": dataset.split_hash,
        "checkpoint_sha256": sha256,
        "ignore_index": dataset.ignore_index,
        "absent_classes": "null, left out of the mean",
        "resolution": "original",
        "averaging": "data set",
        "precision": precision,
    }


def validate(network: nn.Module, dataset: Dataset, precision: str) -> np.ndarray:
    """K×K confusion counts of `network`, as it is now, over the split."""
    network.eval()
    counts = np.zeros((len(dataset.classes),) * 2, np.int64)
    for index in range(len(dataset)):
        image, truth = dataset.load(index)
        logits = logits_of(
            network,
            image,
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            scored_at=truth.shape,
            precision=precision,
        )
        mask = logits.argmax(dim=0)
        counts += confusion(truth, mask.cpu().numpy(), len(counts), dataset.ignore_index)
    return counts


def evaluate(engine: Engine, weights, sidecar: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The scores of a written checkpoint on `dataset`, with their passport and confusion counts.

    ValueError when the data set's classes are not the checkpoint's.
    """
    if [c["name"] for c in sidecar["classes"]] != [c["name"] for c in dataset.classes]:
        raise ValueError(f"{sidecar['key']} was trained on other classes than {dataset.title}'s.")
    counts = np.zeros((len(dataset.classes),) * 2, np.int64)
    for index in range(len(dataset)):
        image, truth = dataset.load(index)
        mask = engine.predict(weights, sidecar, image).mask
        counts += confusion(truth, mask, len(counts), dataset.ignore_index)
    return {
        "split": dataset.split,
        **scores(counts),
        "images": len(dataset),
        "confusion": counts.tolist(),
        "passport": passport(dataset, sha256=sidecar["sha256"], precision=engine.precision),
    }

"""Losses and class weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models_zoo.data.base import Dataset


def class_weights(kind: str, dataset: Dataset) -> Tensor | None:
    """One weight a class from the training masks, float32; None for `none`.

    median: median frequency balancing (Eigen & Fergus 2015; SegNet, section 4).
    enet: 1 / ln(1.02 + share of pixels) (ENet, section 5.2).
    """
    if kind == "none":
        return None
    counts = np.zeros((len(dataset), 256), np.int64)
    sizes = np.zeros(len(dataset), np.int64)
    for index in range(len(dataset)):
        mask = dataset.load(index)[1]
        counts[index] = np.bincount(mask.ravel(), minlength=256)
        sizes[index] = mask.size
    counts = counts[:, : len(dataset.classes)]
    totals = counts.sum(axis=0)
    if kind == "enet":
        weights = 1 / np.log(1.02 + totals / totals.sum())
    else:
        seen = (counts > 0) * sizes[:, None]
        frequency = totals / np.maximum(seen.sum(axis=0), 1)
        present = frequency > 0
        weights = np.where(present, np.median(frequency[present]) / np.maximum(frequency, 1e-12), 0)
    return torch.from_numpy(weights.astype(np.float32))

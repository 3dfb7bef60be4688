"""The likeliest classes of each pixel and their probabilities, as bytes."""

from __future__ import annotations

import torch
from torch import Tensor

TOP = 3


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """K×h×w float32 logits → the min(K, TOP) likeliest classes and their probabilities, uint8.

    The likeliest first; 255 = probability 1.
    """
    shares = logits.softmax(dim=0)
    best, index = shares.topk(min(TOP, logits.shape[0]), dim=0)
    # Of equal ones, which are common in bf16, topk takes any: the lowest goes first, as in a graph.
    first = shares.argmax(dim=0)
    for place in range(1, len(index)):
        index[place] = torch.where(index[place] == first, index[0], index[place])
    index[0] = first
    return index.to(torch.uint8), (best * 255).round().to(torch.uint8)

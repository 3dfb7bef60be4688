"""The likeliest classes of each pixel and their probabilities, as bytes."""

from __future__ import annotations

import torch
from torch import Tensor

TOP = 3


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """K×h×w float32 logits → the min(K, TOP) likeliest classes and their probabilities, uint8.

    The likeliest first; 255 = probability 1.
    """
    best, index = logits.softmax(dim=0).topk(min(TOP, logits.shape[0]), dim=0)
    return index.to(torch.uint8), (best * 255).round().to(torch.uint8)

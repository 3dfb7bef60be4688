"""The likeliest classes of each pixel and their probabilities, as bytes."""

from __future__ import annotations

import torch
from torch import Tensor

TOP = 3


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """K×h×w float32 logits → the min(K, TOP) likeliest classes and their probabilities, uint8.

    The likeliest first, of equal ones the lower class; 255 = probability 1. Softmax and `topk`
    along classes take several times as long as these passes over whole maps.
    """
    count = min(TOP, logits.shape[0])
    # A map a class in memory: channels_last networks give them interleaved.
    logits = logits.contiguous()
    best = [torch.full_like(logits[0], float("-inf")) for _ in range(count)]
    index = [torch.zeros_like(logits[0], dtype=torch.uint8) for _ in range(count)]
    for number, challenger in enumerate(logits):
        carried, carried_index = challenger, torch.full_like(index[0], number)
        for place in range(count):
            wins = carried > best[place]
            best[place], carried = (
                torch.maximum(best[place], carried),
                torch.minimum(best[place], carried),
            )
            index[place], carried_index = (
                torch.where(wins, carried_index, index[place]),
                torch.where(wins, index[place], carried_index),
            )
    total = logits.sub(best[0]).exp_().sum(dim=0)
    shares = [value.sub_(best[0]).exp_().div_(total) for value in reversed(best)][::-1]
    return torch.stack(index), torch.stack(shares).mul_(255).round_().to(torch.uint8)

"""What a step minimises: a loss on the logits and, where there are some, on auxiliary ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models_zoo.data.transforms import IGNORED
from models_zoo.training.losses import LOSSES


class Heads(nn.Module):
    """A network with all its logits in one forward pass, the auxiliary ones with their weight.

    N×3×H×W → [(N×K×H×W logits, 1.0), …]. One module, because gradients of several processes are
    gathered by the module that is called.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network  # which may have auxiliary logits or not
        self.has_auxiliary = getattr(network, "aux_classifier", None) is not None

    def forward(self, image: Tensor) -> list[tuple[Tensor, float]]:
        if not self.has_auxiliary:
            return [(self.network(image), 1.0)]
        logits, auxiliary = self.network.with_auxiliary(image)
        return [(logits, 1.0), (auxiliary, self.network.auxiliary_weight)]


class Objective(nn.Module):
    """A loss over parts of a batch that add up to the loss of the whole batch.

    Cross-entropy and focal loss divide by the weight of all valid pixels of the step, over every
    part and process: then the sum of the parts' losses, each times its share of that weight, is
    the loss of one process that sees the whole batch. OHEM and Dice look at a part at a time.
    """

    def __init__(self, loss: str, weights: Tensor | None) -> None:
        super().__init__()
        self.weights: Tensor | None
        self.loss = LOSSES[loss]
        self.register_buffer("weights", weights)

    def mass(self, mask: Tensor) -> Tensor:
        """The weight of an N×H×W int64 mask's valid pixels, a float64 scalar."""
        if self.weights is None:
            # float64, since float32 holds every whole number up to 2²⁴ only.
            return (mask != IGNORED).sum().double()
        # Ignored pixels are counted and left out: selecting the others first took as long as
        # counting.
        pixels = torch.bincount(mask.flatten(), minlength=IGNORED + 1)
        return (pixels[: len(self.weights)] * self.weights.double()).sum()

    def forward(self, heads: list[tuple[Tensor, float]], mask: Tensor) -> Tensor:
        """The loss of one part, a float32 scalar; 0 (with gradients of 0) where no pixel is valid.

        `heads` as from Heads, N×K×H×W logits each; `mask` is N×H×W int64.
        """
        # A mean over no pixel is NaN. Zero times the logits still has gradients, which every
        # process of a group must send.
        if not self.mass(mask) > 0:
            parts = [logits.float().sum() * 0 for logits, _ in heads]
        else:
            parts = [
                share * self.loss(logits.float(), mask, self.weights) for logits, share in heads
            ]
        return torch.stack(parts).sum()

"""Losses between N×K×H×W float32 logits and an N×H×W int64 mask, each a scalar.

Each is a mean over the valid pixels (by class weight, where the loss knows weights), so that parts
of a batch can be added up by their share of those pixels: see `objective`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from models_zoo.data.transforms import IGNORED

# Lin et al. 2017, section 3.2: what worked best.
FOCUS = 2.0
HARD_BELOW = 0.7
HARD_SHARE = 1 / 16

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


class _WeightedMean(torch.autograd.Function):
    """Mean cross-entropy of M×K logits by the pixels' weights, with its gradient written out.

    Of autograd's own the gradient of logsumexp and that of gather were six arrays of that size: of
    a slim U-Net's step in bf16 they took a twentieth.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
        top = pixels.amax(dim=1, keepdim=True)
        chosen = pixels.gather(1, truth) - top
        probabilities = (pixels - top).exp_()
        total = probabilities.sum(dim=1, keepdim=True)
        share = (weight / weight.sum())[:, None]
        ctx.save_for_backward(probabilities.div_(total), truth, share)
        return (share * (total.log() - chosen)).sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        probabilities, truth, share = ctx.saved_tensors
        scale = share * gradients[0]
        return (probabilities * scale).scatter_add_(1, truth, -scale), None, None


def _cross_entropy(logits: Tensor, mask: Tensor, weights: Tensor | None) -> Tensor:
    """As torch's on N×K×H×W, written out: its log_softmax over few classes takes five times it."""
    # In channels_last a pixel's logits lie side by side already, so that nothing is copied. On one
    # core, 8×257×321 pixels of 12 classes: 34 ms and 50 back, where log_softmax takes 130 and 61.
    pixels, truth = logits.permute(0, 2, 3, 1).flatten(0, 2), mask.flatten()
    weight = _pixel_weights(truth, weights, truth != IGNORED)
    # Ignored ids are no column to gather from: clamped, they count with weight 0.
    known = truth.clamp(0, pixels.shape[1] - 1)[:, None]
    loss: Tensor = _WeightedMean.apply(pixels, known, weight)  # type: ignore[no-untyped-call]
    return loss


def _focal(logits: Tensor, mask: Tensor, weights: Tensor | None) -> Tensor:
    """Softmax focal loss: a pixel counts by how wrong it still is, (1 − p)² · −log p.

    p is the softmax's probability of the true class. Lin et al. 2017 define theirs by a sigmoid a
    class, with each class against all others, and balance those two by α; here the classes compete,
    and class weights, if there are any, take α's place.
    """
    plain = cross_entropy(logits, mask, ignore_index=IGNORED, reduction="none")
    valid = mask != IGNORED
    weight = _pixel_weights(mask, weights, valid)
    return (weight * (1 - torch.exp(-plain)) ** FOCUS * plain).sum() / weight.sum()


def _ohem(logits: Tensor, mask: Tensor, weights: Tensor | None) -> Tensor:
    """Online hard examples: pixels surer than 0.7 drop out, but a sixteenth always stays."""
    losses = cross_entropy(logits, mask, weight=weights, ignore_index=IGNORED, reduction="none")
    valid = mask != IGNORED
    weight = _pixel_weights(mask, weights, valid)[valid]
    with torch.no_grad():
        truth = logits.softmax(dim=1).gather(1, mask.clamp(0, logits.shape[1] - 1)[:, None])[:, 0]
        sure = truth[valid]
        # Without that least number, a part that is learned well would have no pixel left.
        least = max(1, int(sure.numel() * HARD_SHARE))
        limit = max(HARD_BELOW, sure.kthvalue(least).values.item())
        kept = sure <= limit
    return losses[valid][kept].sum() / weight[kept].sum()


def _dice(logits: Tensor, mask: Tensor, weights: Tensor | None) -> Tensor:
    """1 − the mean soft Dice coefficient of the classes that occur (Milletari et al. 2016)."""
    classes = logits.shape[1]
    valid = (mask != IGNORED)[:, None]
    truth = one_hot(mask.clamp(0, classes - 1), classes).permute(0, 3, 1, 2) * valid
    guess = logits.softmax(dim=1) * valid
    overlap = (guess * truth).sum(dim=(0, 2, 3))
    sizes = guess.sum(dim=(0, 2, 3)) + truth.sum(dim=(0, 2, 3))
    occurs = truth.sum(dim=(0, 2, 3)) > 0
    return 1 - (2 * overlap[occurs] / sizes[occurs]).mean()


def _pixel_weights(mask: Tensor, weights: Tensor | None, valid: Tensor) -> Tensor:
    """The class weight of every pixel, 0 where it is ignored."""
    if weights is None:
        return valid.float()
    return weights[mask.clamp(0, len(weights) - 1)] * valid


LOSSES: dict[str, Loss] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "ohem": _ohem,
    "dice": _dice,
    "cross_entropy_dice": lambda *batch: _cross_entropy(*batch) + _dice(*batch),
}

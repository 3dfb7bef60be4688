"""What predicting begins with: a checkpoint's network, and images as it expects them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.checkpoints.files import weights_load
from models_zoo.images import normalise
from models_zoo.networks.build import build
from models_zoo.precision import device_name


def network_load(weights: Path, sidecar: dict[str, Any], device: str | None = None) -> nn.Module:
    """The network of a checkpoint on `device`, or on this machine's, ready to predict.

    ValueError when the two do not fit, FileNotFoundError when there are no weights.
    """
    network = build(
        sidecar["architecture"],
        variant=sidecar["variant"],
        num_classes=len(sidecar["classes"]),
        **sidecar["options"],
    )
    weights_load(weights, network, sha256=sidecar["sha256"])
    network.eval().requires_grad_(False)  # the image's gradient is asked for, theirs never
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # no stub
    return network.to(device or device_name())


def scoring_size(size: tuple[int, int], input_size: tuple[int, int]) -> tuple[int, int]:
    """The height and width at which an image of `size` is scored.

    Its own, unless it has more pixels than the data set that the network was trained on: then it
    is shrunk to as many, in its own proportions, since a network knows objects at that scale.
    """
    shrink = (input_size[0] * input_size[1] / (size[0] * size[1])) ** 0.5
    if shrink >= 1:
        return size
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def batch_of(
    pixels: np.ndarray,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    scored_at: tuple[int, int],
    device: torch.device,
) -> Tensor:
    """An H×W×3 uint8 RGB image → what a network expects, 1×3×h×w at `scored_at`.

    It is resized before it is normalised, so that a large photo stays bytes for as long as it is.
    """
    image = torch.tensor(pixels, device=device).permute(2, 0, 1)[None]
    if scored_at != pixels.shape[:2]:
        # antialias averages what a shrunk photo's pixels cover; sampling would drop thin things.
        image = interpolate(image.float(), scored_at, mode="bilinear", antialias=True)
    return normalise(image, mean, std).contiguous(memory_format=torch.channels_last)

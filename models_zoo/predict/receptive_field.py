"""The effective receptive field: how much each pixel of an image moves one pixel's logit.

After Luo, Li, Urtasun, Zemel 2016, "Understanding the Effective Receptive Field in Deep
Convolutional Neural Networks": the absolute gradient of a logit with respect to the image, averaged
over images; what counts as within is above 4.55 % of the peak (what lies beyond two standard
deviations of a Gaussian), and the side is the square root of its area. Theory's box, what the
logit could see at all, comes from `models_zoo.networks.measure`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models_zoo.networks.build import network_build
from models_zoo.networks.catalogue import architecture_get
from models_zoo.networks.measure import NARROWEST, logit_side

WITHIN = 0.0455  # of the peak


def pixel_gradient(network: nn.Module, image: Tensor, row: int, column: int) -> Tensor:
    """|d logit / d image| of the likeliest class at a pixel, summed over channels: h×w.

    `image` is 1×3×h×w as the network expects it. The network must be in eval mode.
    """
    image = image.detach().clone().requires_grad_()
    with torch.enable_grad():
        logit = network(image)[0, :, row, column].max()
        (gradient,) = torch.autograd.grad(logit, image)
    return gradient[0].abs().sum(dim=0)


def effective_field(
    network: nn.Module, images: Iterable[Tensor], row: int, column: int
) -> np.ndarray:
    """The mean of `pixel_gradient` over images of one size, 1×3×h×w each: h×w float64."""
    fields = [pixel_gradient(network, image, row, column).double() for image in images]
    return torch.stack(fields).mean(dim=0).cpu().numpy()


def effective_side(field: np.ndarray) -> float:
    """The side in pixels of the square that is as large as what lies above WITHIN of the peak."""
    return float(np.sqrt(np.count_nonzero(field > WITHIN * field.max())))


def mean_effective_side(network: nn.Module, images: Iterable[Tensor]) -> float:
    """The side in pixels of the middle pixel's field, averaged over 1×3×h×w images of one size."""
    images = list(images)
    height, width = images[0].shape[-2:]
    return effective_side(effective_field(network, images, height // 2, width // 2))


def theoretical_side(key: str, options: dict[str, Any]) -> int | Literal["global"]:
    """The side in pixels of the square that a logit of this architecture depends on at all.

    "global" where that is the whole image. ValueError for an unknown key or option.
    """
    return _theoretical_side(key, tuple(sorted(options.items())))


@cache
def _theoretical_side(key: str, options: tuple[tuple[str, Any], ...]) -> int | Literal["global"]:
    architecture = architecture_get(key)
    narrowest = network_build(architecture, num_classes=2, width=NARROWEST, **dict(options))
    return logit_side(narrowest)

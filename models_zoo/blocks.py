"""Parts that several architectures share: the narrowing rule, convolution blocks, upsampling."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def narrow(channels: int, width: float) -> int:
    """The one rule that makes a network slim: `channels` × `width`, to a multiple of four.

    The 4096 channels of VGG's fc6 and fc7 count as 512: they were sized for ImageNet's
    thousand classes and would hold nine tenths of a slim network.
    """
    if width == 1.0:
        return channels
    return max(4, 4 * round(min(channels, 512 if channels == 4096 else channels) * width / 4))


def conv_block(
    inputs: int, outputs: int, *, kernel: int = 3, batch_norm: bool, dilation: int = 1
) -> nn.Sequential:
    """Convolution that keeps the size, optional batch normalisation, ReLU."""
    padding = dilation * (kernel - 1) // 2
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation)
    ]
    if batch_norm:
        layers.append(nn.BatchNorm2d(outputs))
    layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def bilinear_kernel(factor: int) -> Tensor:
    """The 2·factor × 2·factor weights that make a transposed convolution interpolate bilinearly.

    Away from the border this equals interpolation with align_corners=False (FCN, section 3.3).
    """
    size = 2 * factor
    distance = (torch.arange(size, dtype=torch.float32) + 0.5 - factor).abs() / factor
    profile = 1 - distance
    return profile[:, None] * profile[None, :]


class BilinearUpsample(nn.Module):
    """Fixed bilinear upsampling by `factor`, as a depthwise transposed convolution.

    N×C×h×w → N×C×(h·factor)×(w·factor). The kernel is no parameter: FCN's release keeps it fixed.
    """

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.register_buffer("kernel", bilinear_kernel(factor)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, -1, -1)
        padding = self.factor // 2
        return nn.functional.conv_transpose2d(
            x, kernel, stride=self.factor, padding=padding, groups=channels
        )


def crop_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """The top left of `x`: pooling with ceil_mode pads on the right and below only."""
    return x[..., : size[0], : size[1]]


def initialise(module: nn.Module) -> None:
    """He initialisation of every convolution; batch normalisation starts as the identity."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

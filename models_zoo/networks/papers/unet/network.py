"""U-Net: Ronneberger, Fischer, Brox 2015.

Followed: the paper's figure 1. Two 3×3 convolutions a level, 64 to 1024 channels; 2×2
up-convolutions that halve the channels; skips taken before pooling, cropped and concatenated;
dropout at the end of the contracting path; no batch normalisation.
Left aside: the paper convolves without padding and mirrors the image around itself, so that its
mask is smaller than its input. Here convolutions pad, and the image is extended to a multiple
of 16 by repeating its right and lower edge.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models_zoo.networks.blocks import conv_block, crop_to, initialise, narrow

LEVELS = (64, 128, 256, 512, 1024)


def _double_conv(inputs: int, outputs: int, *, batch_norm: bool, bias: bool) -> nn.Sequential:
    return nn.Sequential(
        conv_block(inputs, outputs, batch_norm=batch_norm, bias=bias),
        conv_block(outputs, outputs, batch_norm=batch_norm, bias=bias),
    )


class UNet(nn.Module):
    """Contracting path, bottom, expanding path with skips. N×3×H×W → N×K×H×W logits.

    The paper's section 2 and figure 1. `batch_norm` normalises every 3×3 convolution, which then
    needs no `bias`. Without `skips`, the expanding path sees what comes from below alone.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        bias: bool = True,
        skips: bool = True,
    ) -> None:
        super().__init__()
        self.skips = skips
        kind = {"batch_norm": batch_norm, "bias": bias}
        channels = [narrow(c, width) for c in LEVELS]
        pairs = list(zip([3, *channels], channels, strict=False))
        self.down = nn.ModuleList(_double_conv(i, o, **kind) for i, o in pairs)
        self.pool = nn.MaxPool2d(2)
        # Elementwise, as Caffe's, and not whole maps.
        self.dropout = nn.Dropout(0.5)
        self.up, self.merge = nn.ModuleList(), nn.ModuleList()
        for lower, upper in zip(channels[:0:-1], channels[-2::-1], strict=True):
            self.up.append(nn.ConvTranspose2d(lower, upper, 2, stride=2))
            self.merge.append(_double_conv(2 * upper if skips else upper, upper, **kind))
        self.score = nn.Conv2d(channels[0], num_classes, 1)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        # Edge pixels are repeated: mirroring is not defined for images smaller than the margin.
        x = nn.functional.pad(image, (0, -width % 16, 0, -height % 16), mode="replicate")
        skips = []
        for level in self.down[:-1]:
            x = level(x)
            skips.append(x)  # before pooling, as in figure 1: pooled, it would have lost its detail
            x = self.pool(x)
        x = self.dropout(self.down[-1](x))
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            x = up(x)
            x = merge(torch.cat([skip, x], dim=1) if self.skips else x)
        return crop_to(self.score(x), (height, width))

"""FC-DenseNet: Jégou, Drozdzal, Vazquez, Romero, Bengio 2017, "The One Hundred Layers Tiramisu".

Followed: the official release (FC-DenseNet.py, layers.py). A 3×3 convolution to 48 channels; a
layer is BN, ReLU, 3×3 convolution, dropout 0.2, and sees all maps before it in its block; going
down, a block's output is its input and its new maps, then BN, ReLU, 1×1, dropout, pooling by 2;
going up, a 3×3 transposed convolution of stride 2 takes the new maps of the block before only and
is concatenated with the skip; the last block keeps its input too, before the 1×1 scores.
Left aside: pooling rounds up where the release rounds down, so that images of any size pass; sizes
that 32 divides, and all values away from the right and lower border, are the same. The paper's
1.5 M for 56 layers is not what its own definition has (1.38 M).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models_zoo.networks.blocks import BatchNorm, crop_to, initialise, narrow

FIRST = 48


def _layer(inputs: int, outputs: int, *, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        BatchNorm(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2),
        nn.Dropout(0.2),
    )


class DenseBlock(nn.Module):
    """N×C×H×W → N×(layers·growth)×H×W: the new maps only.

    On the way up the block's input is left behind, without which its channels would grow by every
    block before (section 3.2).
    """

    def __init__(self, inputs: int, layers: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _layer(inputs + number * growth, growth, kernel=3) for number in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        new: list[Tensor] = []
        for layer in self.layers:
            new.append(layer(torch.cat([x, *new], dim=1)))
        return torch.cat(new, dim=1)


class FCDenseNet(nn.Module):
    """Dense blocks down, a bottom, dense blocks up. N×3×H×W → N×K×H×W logits.

    The paper's section 3 and table 2.
    `layers`: of each block on the way down and of the bottom; the way up mirrors them.
    `growth`: the maps that each layer adds.
    """

    def __init__(
        self, *, layers: Sequence[int], growth: int, num_classes: int, width: float = 1.0
    ) -> None:
        super().__init__()
        growth, channels = narrow(growth, width), narrow(FIRST, width)
        *down, bottom = layers
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.down, self.shrink, skips = nn.ModuleList(), nn.ModuleList(), []
        for count in down:
            self.down.append(DenseBlock(channels, count, growth))
            channels += count * growth
            skips.append(channels)
            step = _layer(channels, channels, kernel=1)
            self.shrink.append(nn.Sequential(*step, nn.MaxPool2d(2, ceil_mode=True)))
        self.bottom = DenseBlock(channels, bottom, growth)
        self.grow, self.up, before = nn.ModuleList(), nn.ModuleList(), bottom
        for count, skip in zip(reversed(down), reversed(skips), strict=True):
            new = before * growth
            self.grow.append(nn.ConvTranspose2d(new, new, 3, stride=2))
            channels = skip + new
            self.up.append(DenseBlock(channels, count, growth))
            before = count
        # The last block alone passes its input on, beside its new maps.
        self.score = nn.Conv2d(channels + before * growth, num_classes, 1)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        x, skips = self.first(image), []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            x = torch.cat([x, block(x)], dim=1)
            skips.append(x)
            x = shrink(x)
        new = self.bottom(x)
        for grow, block, skip in zip(self.grow, self.up, reversed(skips), strict=True):
            # Without padding, the transposed convolution gives one pixel more than twice the size.
            x = torch.cat([crop_to(grow(new), skip.shape[-2:]), skip], dim=1)
            new = block(x)
        return self.score(torch.cat([x, new], dim=1))

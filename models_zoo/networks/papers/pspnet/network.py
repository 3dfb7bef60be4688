"""PSPNet: Zhao, Shi, Qi, Wang, Jia 2017, "Pyramid Scene Parsing Network".

Followed: the official release. ResNet at output stride 8; pyramid pooling: averages over 1, 2, 3
and 6 bins a side, each a 1×1 convolution to 512 channels with BN and ReLU, upsampled and
concatenated with the features (4096); 3×3 to 512 with BN and ReLU, dropout 0.1, 1×1 scores. An
auxiliary classifier after the fourth stage, weight 0.4, is a device of training: `aux=True`.
By default the stem is the usual 7×7 one, for which torchvision publishes weights; `stem="deep"`
gives the release's three 3×3 convolutions.
Left aside: the release's crops of 473 pixels with averaged overlaps; here the image is padded to
8·n + 1 pixels (473 = 8·59 + 1), so that cells stay on their pixels.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.networks.assembly import ResNetNetwork
from models_zoo.networks.backbones import ResNet
from models_zoo.networks.blocks import conv_block, fcn_head, narrow

BINS = (1, 2, 3, 6)


class PyramidPooling(nn.ModuleList):
    """N×C×h×w → N×(C + 4·hidden)×h×w: the features beside their averages at four scales.

    The paper's section 3.2. Without `pooling`, each branch convolves the features as they are:
    with as many weights, and no view of the whole.
    """

    def __init__(self, inputs: int, hidden: int, *, align_corners: bool, pooling: bool) -> None:
        super().__init__(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(bins) if pooling else nn.Identity(),
                conv_block(inputs, hidden, kernel=1, batch_norm=True, bias=False),
            )
            for bins in BINS
        )
        self.align_corners = align_corners

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        pooled = [
            interpolate(branch(x), size, mode="bilinear", align_corners=self.align_corners)
            for branch in self
        ]
        return torch.cat([x, *pooled], dim=1)


class PSPNet(ResNetNetwork):
    """ResNet, pyramid pooling, scores. N×3×H×W → N×K×H×W logits.

    `aux` adds the deep supervision of section 3.3, for training. `stem`: see `backbones.ResNet`;
    `pooling`: see PyramidPooling.
    """

    def __init__(
        self,
        *,
        depth: int,
        num_classes: int,
        width: float = 1.0,
        stem: Literal["7x7", "deep"] = "7x7",
        aux: bool = False,
        align_corners: bool = True,
        pooling: bool = True,
    ) -> None:
        backbone = ResNet(depth, width=width, output_stride=8, stem=stem)
        third, fourth = backbone.channels[-2:]
        hidden = narrow(512, width)
        classifier = nn.Sequential(
            PyramidPooling(fourth, hidden, align_corners=align_corners, pooling=pooling),
            *fcn_head(fourth + len(BINS) * hidden, hidden, num_classes),
        )
        auxiliary = fcn_head(third, narrow(256, width), num_classes) if aux else None
        super().__init__(backbone, classifier, auxiliary, align_corners=align_corners)

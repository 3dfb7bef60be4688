"""DeepLab v2: Chen, Papandreou, Kokkinos, Murphy, Yuille 2017 (1606.00915).

Followed: the official release. Atrous spatial pyramid pooling with rates 6, 12, 18, 24, its
branches **summed**. VGG-16: DeepLab v1's trunk without the average pool, each branch an fc6 (3×3,
1024), fc7 (1×1, 1024), both with dropout 0.5, and scores; no batch normalisation. ResNet-101 at
output stride 8: each branch one 3×3 convolution to the classes, with bias. Upsampling ×8 as in
DeepLab v1.
Left aside: the dense CRF; the three image scales of training and testing (MSC) of ResNet-101; its
frozen batch normalisation; its stride, which is in the first 1×1 convolution of a block there and
in the 3×3 here, as in the weights that torchvision publishes; fc6 started from a subsampled fc6 of
VGG-16.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from models_zoo.networks.assembly import ResNetNetwork
from models_zoo.networks.backbones import DeepLabVGG16, ResNet
from models_zoo.networks.blocks import conv_block, grid_upsample, initialise, narrow

RATES = (6, 12, 18, 24)


class SummedBranches(nn.ModuleList):
    """Atrous spatial pyramid pooling, summed (section 3.2): N×C×h×w → N×K×h×w."""

    def forward(self, x: Tensor) -> Tensor:
        return sum(branch(x) for branch in self)


class DeepLabV2VGG16(nn.Module):
    """VGG-16 and four fc6-fc7-score branches. N×3×H×W → N×K×H×W logits.

    `batch_norm` normalises every convolution but the score layers. `rates`: a branch's each.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        align_corners: bool = True,
        rates: Sequence[int] = RATES,
    ) -> None:
        super().__init__()
        inputs, hidden = narrow(512, width), narrow(1024, width)
        self.align_corners = align_corners
        self.backbone = DeepLabVGG16(width=width, batch_norm=batch_norm)
        self.classifier = SummedBranches(
            nn.Sequential(
                conv_block(inputs, hidden, dilation=rate, batch_norm=batch_norm),
                nn.Dropout(0.5),
                conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm),
                nn.Dropout(0.5),
                nn.Conv2d(hidden, num_classes, 1),
            )
            for rate in rates
        )
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        return grid_upsample(
            self.classifier(self.backbone(image)),
            image.shape[-2:],
            self.backbone.output_stride,
            align_corners=self.align_corners,
        )


class DeepLabV2ResNet101(ResNetNetwork):
    """ResNet-101 at output stride 8 and four dilated score layers. N×3×H×W → N×K×H×W logits."""

    def __init__(self, *, num_classes: int, width: float = 1.0, align_corners: bool = True) -> None:
        backbone = ResNet(101, width=width, output_stride=8)
        # With bias, and each to the classes at once: the release has no fc6 and fc7 here.
        branches = SummedBranches(
            nn.Conv2d(backbone.channels[-1], num_classes, 3, padding=rate, dilation=rate)
            for rate in RATES
        )
        super().__init__(backbone, branches, align_corners=align_corners)

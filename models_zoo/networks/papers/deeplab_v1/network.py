"""DeepLab v1, LargeFOV: Chen, Papandreou, Kokkinos, Murphy, Yuille 2015 (1412.7062).

Followed: the official release (DeepLab-LargeFOV). VGG-16 whose pools are 3×3 with padding 1, pool4
and pool5 with stride 1; conv5 dilated by 2; a 3×3 average pool after pool5; fc6 3×3 with dilation
12 and fc7 1×1, 1024 channels, dropout 0.5; ×8 bilinear upsampling that puts cell k on pixel 8·k
(321 = 8·40 + 1). Its receptive field is 435 pixels; the paper's 224 is nominal.
Left aside: the dense CRF; fc6 starts from a subsampled fc6 of VGG-16 there, from scratch here.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from models_zoo.networks.backbones import DeepLabVGG16
from models_zoo.networks.blocks import conv_block, grid_upsample, initialise, narrow

FC6_SPACING = 12 * 8  # pixels between the places that fc6 looks at


class LargeFOV(nn.Module):
    """Dilation in place of the last two strides. N×3×H×W → N×K×H×W logits.

    The paper's section 3. `batch_norm` normalises every convolution but the score layer. At
    `output_stride` 32, nothing takes the place of the last strides: cells are four times as far
    apart, and fc6's dilation of 3 sees as far as 12 does.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        align_corners: bool = True,
        output_stride: Literal[8, 32] = 8,
    ) -> None:
        super().__init__()
        hidden = narrow(1024, width)
        self.align_corners = align_corners
        self.backbone = DeepLabVGG16(
            width=width, batch_norm=batch_norm, output_stride=output_stride
        )
        # As in the release; with it, fc6 sees 435 pixels and without it 419.
        self.pool5a = nn.AvgPool2d(3, stride=1, padding=1)
        rate = FC6_SPACING // output_stride
        self.fc6 = conv_block(narrow(512, width), hidden, dilation=rate, batch_norm=batch_norm)
        self.fc7 = conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm)
        self.dropout = nn.Dropout(0.5)
        self.score = nn.Conv2d(hidden, num_classes, 1)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool5a(self.backbone(image))
        x = self.dropout(self.fc6(x))
        x = self.dropout(self.fc7(x))
        return grid_upsample(
            self.score(x),
            image.shape[-2:],
            self.backbone.output_stride,
            align_corners=self.align_corners,
        )

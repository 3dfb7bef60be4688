"""FCN: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation".

Followed: the official release (voc-fcn8s). VGG-16 whose fc6 (7×7) and fc7 (1×1) became
convolutions with dropout 0.5; 1×1 score layers that start at zero; skips from the outputs of pool4
and pool3, which are added, unscaled (scaling by 0.01 and 0.0001 belongs to the at-once variant);
no batch normalisation; upsampling fixed to bilinear.
Left aside: the release pads the first convolution by 100 so that fc6 (without padding) works on
small images. Here fc6 pads by 3, which gives the same values away from the border, needs no crop
offsets and spends nothing on empty margins.
"""

from __future__ import annotations

from torch import Tensor, nn

from models_zoo.backbones import vgg16_stages
from models_zoo.blocks import BilinearUpsample, conv_block, crop_to, initialise, narrow


class FCN8s(nn.Module):
    """Three predictions fused at strides 32, 16 and 8. N×3×H×W → N×K×H×W logits."""

    def __init__(self, *, num_classes: int, width: float, batch_norm: bool) -> None:
        super().__init__()
        pool3, pool4, pool5 = (narrow(c, width) for c in (256, 512, 512))
        hidden = narrow(4096, width)
        self.stages = vgg16_stages(width=width, batch_norm=batch_norm)
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.fc6 = conv_block(pool5, hidden, kernel=7, batch_norm=batch_norm)
        self.fc7 = conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm)
        self.dropout = nn.Dropout2d(0.5)
        self.score_fr = nn.Conv2d(hidden, num_classes, 1)
        self.score_pool4 = nn.Conv2d(pool4, num_classes, 1)
        self.score_pool3 = nn.Conv2d(pool3, num_classes, 1)
        self.upscore2 = BilinearUpsample(2)
        self.upscore8 = BilinearUpsample(8)
        initialise(self)
        for score in (self.score_fr, self.score_pool4, self.score_pool3):
            nn.init.zeros_(score.weight)

    def forward(self, image: Tensor) -> Tensor:
        x, pooled = image, []
        for stage in self.stages:
            x = self.pool(stage(x))
            pooled.append(x)
        x = self.dropout(self.fc6(x))
        x = self.dropout(self.fc7(x))
        x = self.score_fr(x)
        for skip, score in ((pooled[3], self.score_pool4), (pooled[2], self.score_pool3)):
            x = crop_to(self.upscore2(x), skip.shape[-2:]) + score(skip)
        return crop_to(self.upscore8(x), image.shape[-2:])


def fcn8s(
    *, num_classes: int, width: float, pretrained: bool = False, batch_norm: bool = False
) -> FCN8s:
    """FCN-8s; `batch_norm` normalises every convolution but the score layers."""
    return FCN8s(num_classes=num_classes, width=width, batch_norm=batch_norm)

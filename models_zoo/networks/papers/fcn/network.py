"""FCN: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation".

Followed: the official release (voc-fcn32s, -fcn16s, -fcn8s). VGG-16 whose fc6 (7×7) and fc7 (1×1)
became convolutions with dropout 0.5; 1×1 score layers that start at zero; skips from the outputs of
pool4 and pool3, which are added, unscaled (scaling by 0.01 and 0.0001 belongs to the at-once
variant); no batch normalisation; upsampling fixed to bilinear.
Left aside: the release pads the first convolution by 100 so that fc6 (without padding) works on
small images. Here fc6 pads by 3, which needs no crop offsets and spends nothing on empty margins.
Its cells lie elsewhere: theirs begin 99 pixels before the image, 3 more than three cells, so that
away from the border the release gives the values of this network for an image moved by 3 pixels.
"""

from __future__ import annotations

from torch import Tensor, nn

from models_zoo.networks.backbones import VGG16
from models_zoo.networks.blocks import BilinearUpsample, conv_block, initialise, narrow

SKIPS = (("score_pool4", 512), ("score_pool3", 256))


class FCN(nn.Module):
    """Predictions at stride 32 and, by `skips`, 16 and 8, fused. N×3×H×W → N×K×H×W logits.

    The paper's section 4.2. `batch_norm` normalises every convolution but the score layers.
    """

    def __init__(
        self,
        *,
        skips: int,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        hidden = narrow(4096, width)
        self.stages = VGG16(width=width, batch_norm=batch_norm)
        # Caffe rounds up: the last row and column of an odd map stay part of a cell.
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.fc6 = conv_block(narrow(512, width), hidden, kernel=7, batch_norm=batch_norm)
        self.fc7 = conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm)
        # Elementwise, as Caffe's: dropping whole ones of its 96 maps kept slim FCN-32s from
        # learning; val mIoU went from .240 to .285 in six epochs without that.
        self.dropout = nn.Dropout(0.5)
        self.score_fr = nn.Conv2d(hidden, num_classes, 1)
        self.skips = [name for name, _ in SKIPS[:skips]]
        for name, channels in SKIPS[:skips]:
            self.add_module(name, nn.Conv2d(narrow(channels, width), num_classes, 1))
        self.upscore2 = BilinearUpsample(2, align_corners=align_corners)
        self.upscore = BilinearUpsample(32 >> skips, align_corners=align_corners)
        initialise(self)
        # As in the release: all classes begin alike, and a skip adds nothing before it has learned.
        for name in ("score_fr", *self.skips):
            nn.init.zeros_(self.get_parameter(f"{name}.weight"))

    def forward(self, image: Tensor) -> Tensor:
        x, pooled = image, []
        for stage in self.stages:
            x = self.pool(stage(x))
            pooled.append(x)
        x = self.dropout(self.fc6(x))
        x = self.dropout(self.fc7(x))
        x = self.score_fr(x)
        # pool4, then pool3. The map from below is cropped to the skip's size, where rounding up
        # made it larger.
        for name, skip in zip(self.skips, pooled[3:1:-1], strict=False):
            x = self.upscore2(x, skip.shape[-2:]) + self.get_submodule(name)(skip)
        return self.upscore(x, image.shape[-2:])

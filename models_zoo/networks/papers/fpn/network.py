"""A feature pyramid on VGG-16, which teaches the slim networks; no part of the lineage.

Followed: Lin et al. 2017, "Feature Pyramid Networks for Object Detection", section 3 (1×1 laterals,
top-down sums, 3×3 smoothing), and Kirillov et al. 2019, "Panoptic Feature Pyramid Networks",
section 3.1 (all levels are brought to stride 4 and summed before the scores).
Left aside: ResNet as the trunk (VGG-16's weights are at hand everywhere); convolutions between the
upsampling steps of a level.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.networks.backbones import VGG16
from models_zoo.networks.blocks import conv_block, initialise, narrow

LEVELS = (256, 512, 512, 512)  # channels at strides 4, 8, 16 and, pooled once more, 32


class FPN(nn.Module):
    """VGG-16, a pyramid of four levels, their sum, scores. N×3×H×W → N×K×H×W logits."""

    def __init__(self, *, num_classes: int, width: float = 1.0) -> None:
        super().__init__()
        hidden = narrow(128, width)
        # The published VGG-16, which it starts from, has no batch normalisation.
        self.stages = VGG16(width=width, batch_norm=False)
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.laterals = nn.ModuleList(nn.Conv2d(narrow(c, width), hidden, 1) for c in LEVELS)
        self.smooth = nn.ModuleList(conv_block(hidden, hidden, batch_norm=True) for _ in LEVELS)
        self.dropout = nn.Dropout(0.1)
        self.score = nn.Conv2d(hidden, num_classes, 1)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        x, levels = image, []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
            x = self.pool(x)
        levels = [*levels[2:], x]
        top = len(levels) - 1
        above = self.laterals[top](levels[top])
        together = _resized(self.smooth[top](above), levels[0])
        for number in reversed(range(top)):
            here = self.laterals[number](levels[number])
            above = here + _resized(above, here)
            together = together + _resized(self.smooth[number](above), levels[0])
        return _resized(self.score(self.dropout(together)), image)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return interpolate(x, like.shape[-2:], mode="bilinear")

"""DilatedNet: Yu, Koltun 2016, "Multi-Scale Context Aggregation by Dilated Convolutions".

Followed: the official release for the front end (VGG-16 without pool4 and pool5; conv5 dilated by
2; fc6 7×7 dilated by 4 and fc7 1×1, 4096 channels, dropout 0.5; fixed ×8 bilinear upsampling), the
paper for the context modules (table 1: 3×3 convolutions dilated by 1,1,2,4,8,16,1, each with ReLU,
then 1×1; as many channels as classes, or 2,2,4,8,16,32,32 times as many) and their initialisation
as the identity (equation 5).
Left aside: the release reflects 186 pixels around the image and convolves without padding; here
convolutions pad with zeros. The noise that keeps the large module's equal channels apart sums to
zero over each class's channels, so that the module starts as the exact identity. The extra dilated
layers that the release adds for Cityscapes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models_zoo.networks.backbones import VGG16
from models_zoo.networks.blocks import BilinearUpsample, conv_block, initialise, narrow

DILATIONS = (1, 1, 2, 4, 8, 16, 1)
CONTEXTS = {None: (), "basic": (1,) * 7, "large": (2, 2, 4, 8, 16, 32, 32)}
NOISE = 1e-3


class Context(nn.Sequential):
    """A context module over K class maps: N×K×h×w → N×K×h×w, at first the identity.

    The paper's section 3 and table 1. `multipliers`: the channels of the first seven layers, in
    multiples of K.
    """

    def __init__(self, num_classes: int, multipliers: tuple[int, ...], *, width: float) -> None:
        layers: list[nn.Module] = []
        inputs = num_classes
        for multiplier, dilation in zip(multipliers, DILATIONS, strict=True):
            outputs = narrow(multiplier * num_classes, width, multiple=num_classes)
            # Never normalised: then it would not begin as the identity.
            layers.append(conv_block(inputs, outputs, dilation=dilation, batch_norm=False))
            inputs = outputs
        super().__init__(*layers, nn.Conv2d(inputs, num_classes, 1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                _initialise_identity(layer, num_classes)


def _initialise_identity(layer: nn.Conv2d, num_classes: int) -> None:
    """Each class's group of outputs shares out the sum of the same class's inputs (equation 5).

    Noise keeps the channels of a class from staying equal for ever. It sums to zero over them, so
    that it cancels out and the module begins as the exact identity of what ReLU lets through.
    """
    outputs, inputs, height, width = layer.weight.shape
    group, sources = outputs // num_classes, inputs // num_classes
    noise = torch.randn(outputs, num_classes, sources, height, width) * NOISE / group
    weight = (noise - noise.mean(dim=2, keepdim=True)).flatten(1, 2)
    same = torch.arange(outputs)[:, None] // group == torch.arange(inputs)[None] // sources
    weight[:, :, height // 2, width // 2] += same / group
    with torch.no_grad():
        layer.weight.copy_(weight)
        if layer.bias is not None:
            layer.bias.zero_()


class DilatedNet(nn.Module):
    """The front end and, by `context`, its context module. N×3×H×W → N×K×H×W logits.

    The paper's sections 3 and 4. `batch_norm` normalises the front end's convolutions but for the
    scores. `last_pools` keeps pool4 and pool5, 3×3 with stride 1 as DeepLab has them.
    """

    def __init__(
        self,
        *,
        context: str | None,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        align_corners: bool = False,
        last_pools: bool = False,
    ) -> None:
        super().__init__()
        hidden = narrow(4096, width)
        self.stages = VGG16(width=width, batch_norm=batch_norm, dilation=2)
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.last_pool = nn.MaxPool2d(3, stride=1, padding=1) if last_pools else nn.Identity()
        self.fc6 = conv_block(
            narrow(512, width), hidden, kernel=7, dilation=4, batch_norm=batch_norm
        )
        self.fc7 = conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm)
        self.dropout = nn.Dropout(0.5)
        self.score = nn.Conv2d(hidden, num_classes, 1)
        # Before there is a context module, whose identity it would overwrite.
        initialise(self)
        multipliers = CONTEXTS[context]
        self.context = (
            Context(num_classes, multipliers, width=width) if multipliers else nn.Identity()
        )
        self.upsample = BilinearUpsample(8, align_corners=align_corners)

    def forward(self, image: Tensor) -> Tensor:
        x = image
        for number, stage in enumerate(self.stages, start=1):
            x = stage(x)
            # pool4 and pool5 are removed, which leaves an output stride of 8.
            x = self.pool(x) if number <= 3 else self.last_pool(x)
        x = self.dropout(self.fc6(x))
        x = self.dropout(self.fc7(x))
        return self.upsample(self.context(self.score(x)), image.shape[-2:])

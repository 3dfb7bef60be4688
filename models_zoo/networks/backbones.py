"""Encoders that several architectures share: VGG-16 and ResNet, named as in torchvision.

Their `weights` names the published weights that fit them (see `models_zoo.networks.pretrained`).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from models_zoo.networks.blocks import BatchNorm, conv_block, narrow
from models_zoo.translation import gettext_noop as _

VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
RESNET_STAGES = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class VGG16(nn.ModuleList):
    """The thirteen convolutions of VGG-16 (Simonyan & Zisserman 2015, configuration D), by stage.

    Five `nn.Sequential`; pooling is left to the network, since some need the indices of the maxima
    and others drop the last pools. `dilation` is that of the fifth stage.
    """

    weights = "vgg16"

    def __init__(self, *, width: float, batch_norm: bool, dilation: int = 1) -> None:
        super().__init__()
        self.width, inputs = width, 3
        for number, (channels, repeats) in enumerate(VGG16_STAGES, start=1):
            outputs = narrow(channels, width)
            blocks = []
            for _repeat in range(repeats):
                rate = dilation if number == 5 else 1
                blocks.append(conv_block(inputs, outputs, batch_norm=batch_norm, dilation=rate))
                inputs = outputs
            self.append(nn.Sequential(*blocks))


class DeepLabVGG16(nn.Module):
    """VGG-16 at output stride 8, as DeepLab v1 and v2 use it: N×3×H×W → N×512×h×w.

    All pools are 3×3 with padding 1, the last two have stride 1, and the fifth stage is dilated
    by 2. Sizes round up, as in Caffe: h = ⌈(H − 1) / 8⌉ + 1. At `output_stride` 32 the last two
    pools keep their stride and nothing is dilated: what the papers set out from.
    """

    def __init__(self, *, width: float, batch_norm: bool, output_stride: int = 8) -> None:
        super().__init__()
        if output_stride not in (8, 32):
            raise ValueError(_(f"output_stride must be 8 or 32, not {output_stride}."))
        self.output_stride = output_stride
        last, dilation = (1, 2) if output_stride == 8 else (2, 1)
        self.stages = VGG16(width=width, batch_norm=batch_norm, dilation=dilation)
        self.pools = nn.ModuleList(
            nn.MaxPool2d(3, stride=stride, padding=1, ceil_mode=True)
            for stride in (2, 2, 2, last, last)
        )

    def forward(self, x: Tensor) -> Tensor:
        for stage, pool in zip(self.stages, self.pools, strict=True):
            x = pool(stage(x))
        return x


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 convolutions around a shortcut; the stride is the 3×3's, as in torchvision."""

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, stride: int, dilation: int, project: bool
    ) -> None:
        super().__init__()
        # No biases: normalisation takes them away.
        self.conv1 = nn.Conv2d(inputs, hidden, 1, bias=False)
        self.bn1 = BatchNorm(hidden)
        self.conv2 = nn.Conv2d(
            hidden, hidden, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = BatchNorm(hidden)
        self.conv3 = nn.Conv2d(hidden, outputs, 1, bias=False)
        self.bn3 = BatchNorm(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if project:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), BatchNorm(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet(nn.Module):
    """ResNet-50 or -101 (He et al. 2016) at output stride 8 or 16: N×3×H×W → layer3, layer4.

    Stages that would pass the output stride are dilated instead, from their first block on, as in
    the releases of DeepLab and PSPNet. `torchvision_dilation` leaves the first block of a dilated
    stage at the dilation before, as torchvision does. `multi_grid` multiplies the dilations of
    layer4's three blocks. `stem`: "7x7", or "deep" for PSPNet's three 3×3 convolutions.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(
        self,
        depth: int,
        *,
        width: float,
        output_stride: int,
        multi_grid: Sequence[int] = (1, 1, 1),
        stem: str = "7x7",
        torchvision_dilation: bool = False,
    ) -> None:
        super().__init__()
        self.weights, self.width = f"resnet{depth}", width
        self.output_stride = output_stride
        self.channels = tuple(narrow(256 << stage, width) for stage in range(4))
        self.conv1, inputs = _stem(stem, width)
        self.bn1 = BatchNorm(inputs)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        plan = _dilations(depth, output_stride, multi_grid, torchvision_dilation)
        for stage, (stride, dilations) in enumerate(plan):
            hidden, outputs = narrow(64 << stage, width), self.channels[stage]
            blocks: list[nn.Module] = []
            for dilation in dilations:
                first = not blocks
                blocks.append(
                    Bottleneck(
                        inputs,
                        hidden,
                        outputs,
                        stride=stride if first else 1,
                        dilation=dilation,
                        # Of layer1 too, whose stride is 1: its first block changes the number of
                        # channels.
                        project=first,
                    )
                )
                inputs = outputs
            # torchvision's names, so that its weights load as they are.
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        third = self.layer3(self.layer2(self.layer1(x)))
        return third, self.layer4(third)


def _stem(kind: str, width: float) -> tuple[nn.Module, int]:
    """The first convolution(s) of a ResNet, stride 2, and the number of channels after them."""
    first = narrow(64, width)
    if kind == "7x7":
        return nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False), first
    if kind != "deep":
        raise ValueError(_(f"stem must be 7x7 or deep, not {kind!r}."))
    outputs = narrow(128, width)
    layers = nn.Sequential(
        nn.Conv2d(3, first, 3, stride=2, padding=1, bias=False),
        BatchNorm(first),
        nn.ReLU(inplace=True),
        *conv_block(first, first, batch_norm=True, bias=False),
        nn.Conv2d(first, outputs, 3, padding=1, bias=False),
    )
    return layers, outputs


def _dilations(
    depth: int, output_stride: int, multi_grid: Sequence[int], torchvision_dilation: bool
) -> list[tuple[int, list[int]]]:
    """Each stage's stride and the dilation of each of its blocks."""
    if output_stride not in (8, 16):
        raise ValueError(_(f"output_stride must be 8 or 16, not {output_stride}."))
    if len(multi_grid) != 3:
        raise ValueError(_(f"multi_grid needs three factors, not {multi_grid}."))
    plan, reached, dilation = [], 4, 1  # the stem and its pooling have a stride of 4
    for stage, repeats in enumerate(RESNET_STAGES[depth]):
        before, stride = dilation, 2
        if stage == 0:
            stride = 1
        elif reached == output_stride:
            stride, dilation = 1, 2 * dilation
        reached *= stride
        dilations = [dilation] * repeats
        # Receptive fields of 1019, 1003 and 1259 pixels belong to dilating the first block too, as
        # the releases do.
        if torchvision_dilation:
            dilations[0] = before
        plan.append((stride, dilations))
    stride, last = plan[-1]
    plan[-1] = stride, [rate * factor for rate, factor in zip(last, multi_grid, strict=True)]
    return plan

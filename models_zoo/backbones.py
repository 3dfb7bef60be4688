"""Encoders that several architectures share."""

from __future__ import annotations

from torch import nn

from models_zoo.blocks import conv_block, narrow

VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16_stages(*, width: float, batch_norm: bool) -> nn.ModuleList:
    """The thirteen convolutions of VGG-16 (Simonyan & Zisserman 2015, configuration D), by stage.

    Five `nn.Sequential`; pooling is left to the network, since some need the indices of the maxima
    and others drop the last pools.
    """
    stages, inputs = nn.ModuleList(), 3
    for channels, repeats in VGG16_STAGES:
        outputs = narrow(channels, width)
        blocks = []
        for _ in range(repeats):
            blocks.append(conv_block(inputs, outputs, batch_norm=batch_norm))
            inputs = outputs
        stages.append(nn.Sequential(*blocks))
    return stages

"""SegNet and SegNet-Basic: Badrinarayanan, Kendall, Cipolla 2015/2017.

Followed: the official release. SegNet (segnet_train.prototxt): VGG-16's thirteen convolutions as
encoder, each with bias, batch normalisation and ReLU; five max-poolings that remember where each
maximum was; the decoder unpools to those places and convolves 512×3 | 512,512,256 | 256,256,128 |
128,64 | 64,K; the last convolution has neither normalisation nor ReLU. Pooling rounds up, as in
Caffe. SegNet-Basic (segnet_basic_train.prototxt): four levels of one 7×7 convolution with 64
channels each way, a decoder without ReLU, and a 1×1 classifier.
Left aside: the paper's "no biases" (SegNet-Basic's prototxt has them, and its 1.425 M parameters
need them); the local response normalisation of SegNet-Basic's input image.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from models_zoo.networks.assembly import UnpoolingNetwork
from models_zoo.networks.backbones import VGG16
from models_zoo.networks.blocks import BatchNorm, conv_block, initialise, narrow

DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))
BASIC_LEVELS = 4


class SegNet(UnpoolingNetwork):
    """Encoder, unpooling with remembered indices, decoder. N×3×H×W → N×K×H×W logits.

    The paper's section 3. `batch_norm` normalises all but the last convolution. `unpooling`: see
    `assembly.UnpoolingNetwork`; "bilinear" is the paper's own comparison (section 4.3).
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = True,
        unpooling: Literal["indices", "bilinear"] = "indices",
    ) -> None:
        super().__init__(unpooling)
        self.encoder = VGG16(width=width, batch_norm=batch_norm)
        self.decoder, inputs = nn.ModuleList(), narrow(512, width)
        for stage in DECODER:
            blocks = []
            for channels in stage:
                outputs = narrow(channels, width)
                blocks.append(conv_block(inputs, outputs, batch_norm=batch_norm))
                inputs = outputs
            self.decoder.append(nn.Sequential(*blocks))
        self.score = nn.Conv2d(inputs, num_classes, 3, padding=1)
        initialise(self)


class SegNetBasic(UnpoolingNetwork):
    """Four levels of 7×7 convolutions. N×3×H×W → N×K×H×W logits. The paper's section 3.1."""

    def __init__(self, *, num_classes: int, width: float = 1.0) -> None:
        super().__init__()
        channels = narrow(64, width)
        inputs = (3, *[channels] * (BASIC_LEVELS - 1))
        self.encoder = nn.ModuleList(
            conv_block(i, channels, kernel=7, batch_norm=True) for i in inputs
        )
        # No ReLU on the way up, as in the release.
        self.decoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 7, padding=3), BatchNorm(channels))
            for _ in inputs
        )
        self.score = nn.Conv2d(channels, num_classes, 1)
        initialise(self)

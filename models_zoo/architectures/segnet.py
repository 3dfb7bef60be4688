"""SegNet: Badrinarayanan, Kendall, Cipolla 2015/2017.

Followed: the official release (segnet_train.prototxt). VGG-16's thirteen convolutions as encoder,
each with bias, batch normalisation and ReLU; five max-poolings that remember where each maximum
was; the decoder unpools to those places and convolves 512×3 | 512,512,256 | 256,256,128 | 128,64 |
64,K; the last convolution has neither normalisation nor ReLU. Pooling rounds up, as in Caffe.
The paper's "no bias, no ReLU in the decoder" describes SegNet-Basic.
"""

from __future__ import annotations

from torch import Tensor, nn

from models_zoo.backbones import vgg16_stages
from models_zoo.blocks import conv_block, initialise, narrow

DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))


class SegNet(nn.Module):
    """Encoder, unpooling with remembered indices, decoder. N×3×H×W → N×K×H×W logits."""

    def __init__(self, *, num_classes: int, width: float, batch_norm: bool) -> None:
        super().__init__()
        self.encoder = vgg16_stages(width=width, batch_norm=batch_norm)
        self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, stride=2)
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

    def forward(self, image: Tensor) -> Tensor:
        x, places = image, []
        for stage in self.encoder:
            x = stage(x)
            size = x.shape[-2:]
            x, indices = self.pool(x)
            places.append((indices, size))
        for stage, (indices, size) in zip(self.decoder, reversed(places), strict=True):
            # Without the size, unpooling at odd widths would put values in wrong places.
            x = stage(self.unpool(x, indices, output_size=size))
        return self.score(x)


def segnet(
    *, num_classes: int, width: float, pretrained: bool = False, batch_norm: bool = True
) -> SegNet:
    """SegNet with VGG-16's encoder; the release has batch normalisation."""
    return SegNet(num_classes=num_classes, width=width, batch_norm=batch_norm)

"""DeconvNet and EDeconvNet: Noh, Hong, Han 2015, "Learning Deconvolution Network" (1505.04366).

Followed: the official release (DeconvNet_train.prototxt). VGG-16 with batch normalisation; fc6
(7×7, without padding: one cell at 224×224) and fc7 with 4096 channels; a 7×7 deconvolution back to
512; then five times unpooling to where each maximum was and 3×3 deconvolutions 512,512,512 |
512,512,256 | 256,256,128 | 128,64 | 64,64; a 1×1 score layer; no dropout.
EDeconvNet: DeconvNet and FCN-8s over one image. The paper takes the mean of both output maps
(default); the official code multiplies, DeconvNet's map × FCN's where that is positive.
Left aside: object proposals (the release runs 224×224 crops of 50 proposals and takes their
maximum) and the dense CRF; here the network sees the whole image, fully convolutionally.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from models_zoo.networks.assembly import UnpoolingNetwork
from models_zoo.networks.backbones import VGG16
from models_zoo.networks.blocks import activated, conv_block, crop_to, initialise, narrow
from models_zoo.networks.papers.fcn.network import FCN
from models_zoo.translation import gettext_noop as _

DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 64))
DECODERS = ("learned", "bilinear")
COMBINE = ("mean", "product")
# What fc6 and fc7 pass on is all that the decoder learns of a scene: two cells for 192×256 pixels.
# Narrowed as elsewhere, that was 128 numbers; this is what two million parameters allow.
WIDEST = 1536


class FullyConnected(nn.Module):
    """fc6, fc7 and the deconvolution back: N×C×h×w → N×C×h×w, for maps of any size.

    fc6 does not pad, as in the paper: a 224×224 image is one cell of it, a larger one several.
    """

    def __init__(self, channels: int, hidden: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.fc6 = activated(nn.Conv2d(channels, hidden, 7), batch_norm=batch_norm)
        self.fc7 = conv_block(hidden, hidden, kernel=1, batch_norm=batch_norm)
        self.deconv6 = activated(nn.ConvTranspose2d(hidden, channels, 7), batch_norm=batch_norm)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        # Images below 224 pixels have fewer cells than fc6's kernel: zeros fill it up, and what
        # the deconvolution makes of them is cut off again.
        whole = pad(x, (0, _missing(width), 0, _missing(height)))
        return crop_to(self.deconv6(self.fc7(self.fc6(whole))), (height, width))


def _missing(cells: int) -> int:
    # By arithmetic: `max` would fix the size of the image by which a graph was traced.
    return (7 - cells + abs(7 - cells)) // 2


class DeconvNet(UnpoolingNetwork):
    """Convolution, two fully connected layers, deconvolution. N×3×H×W → N×K×H×W logits.

    The paper's section 3.2. `batch_norm` normalises all but the score layer. With
    `decoder="bilinear"`, scores of the deconvolution's map are interpolated to the image instead.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = True,
        decoder: Literal["learned", "bilinear"] = "learned",
    ) -> None:
        super().__init__()
        if decoder not in DECODERS:
            raise ValueError(_(f"decoder must be {' or '.join(DECODERS)}, not {decoder!r}."))
        inputs = narrow(512, width)
        self.encoder = VGG16(width=width, batch_norm=batch_norm)
        hidden = narrow(4096, width, widest=WIDEST)
        self.middle = FullyConnected(inputs, hidden, batch_norm=batch_norm)
        self.decoder = nn.ModuleList()
        for stage in DECODER if decoder == "learned" else ():
            blocks = []
            for channels in stage:
                outputs = narrow(channels, width)
                layer = nn.ConvTranspose2d(inputs, outputs, 3, padding=1)
                blocks.append(activated(layer, batch_norm=batch_norm))
                inputs = outputs
            self.decoder.append(nn.Sequential(*blocks))
        self.score = nn.Conv2d(inputs, num_classes, 1)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        if len(self.decoder):
            return super().forward(image)
        x = image
        for stage in self.encoder:
            x, _ = self.pool(stage(x))
        return interpolate(self.score(self.middle(x)), image.shape[-2:], mode="bilinear")


class EDeconvNet(nn.Module):
    """DeconvNet and FCN-8s, their output maps combined. N×3×H×W → N×K×H×W logits.

    `batch_norm` is FCN-8s's; DeconvNet always has it.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        width: float = 1.0,
        batch_norm: bool = False,
        combine: Literal["mean", "product"] = "mean",
    ) -> None:
        super().__init__()
        if combine not in COMBINE:
            raise ValueError(_(f"combine must be {' or '.join(COMBINE)}, not {combine!r}."))
        self.combine = combine
        self.deconvnet = DeconvNet(num_classes=num_classes, width=width)
        self.fcn = FCN(skips=2, num_classes=num_classes, width=width, batch_norm=batch_norm)

    def forward(self, image: Tensor) -> Tensor:
        deconvnet, fcn = self.deconvnet(image), self.fcn(image)
        if self.combine == "product":
            # The release's: without ReLU, two negative maps would make a positive one.
            return deconvnet * torch.relu(fcn)
        return (deconvnet + fcn) / 2

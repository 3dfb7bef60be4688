"""DeepLab v3: Chen, Papandreou, Schroff, Adam 2017, "Rethinking Atrous Convolution" (1706.05587).

Followed: the paper, section 3 and 4. ResNet at output stride 16, its last stage's dilations
multiplied by the multi-grid (1, 2, 4); atrous spatial pyramid pooling: a 1×1 convolution, three 3×3
with rates 6, 12, 18 (doubled at output stride 8) and image pooling, 256 channels with BN each;
concatenated, 1×1 to 256 with BN, 1×1 scores. From the official release: dropout 0.1 before the
scores, and upsampling with align_corners.
`head="torchvision"` gives torchvision's layout in everything: a 3×3 convolution more and other
dropout, output stride 8 without multi-grid, undilated first blocks, align_corners=False; its state
dicts load as they are.
Left aside: crops of 513 pixels; as 513 = 16·32 + 1, the image is padded to 16·n + 1 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models_zoo.networks.assembly import ResNetNetwork
from models_zoo.networks.backbones import ResNet
from models_zoo.networks.blocks import conv_block, fcn_head, narrow
from models_zoo.translation import gettext_noop as _


@dataclass(frozen=True)
class Layout:
    """What one source chose."""

    output_stride: int
    multi_grid: tuple[int, int, int]
    align_corners: bool
    dropout: float


LAYOUTS = {
    "paper": Layout(16, (1, 2, 4), align_corners=True, dropout=0.1),
    "torchvision": Layout(8, (1, 1, 1), align_corners=False, dropout=0.5),
}
RATES = (6, 12, 18)


class ImagePooling(nn.Sequential):
    """The whole map's average, convolved, on every cell (section 3.3): N×C×h×w → N×C'×h×w."""

    def forward(self, x: Tensor) -> Tensor:
        # A single cell, upsampled bilinearly, is that cell everywhere.
        return super().forward(x).expand(-1, -1, *x.shape[-2:])  # type: ignore[no-untyped-call]  # torch's own


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling, concatenated and projected: N×C×h×w → N×256×h×w.

    The paper's section 3.3; `image_pooling` is what v3 adds to v2's pyramid.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        rates: Sequence[int],
        image_pooling: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        common = {"batch_norm": True, "bias": False}
        self.convs = nn.ModuleList([conv_block(inputs, outputs, kernel=1, **common)])
        for rate in rates:
            self.convs.append(conv_block(inputs, outputs, dilation=rate, **common))
        if image_pooling:
            pooled = conv_block(inputs, outputs, kernel=1, **common)
            self.convs.append(ImagePooling(nn.AdaptiveAvgPool2d(1), *pooled))
        together = len(self.convs) * outputs
        self.project = nn.Sequential(
            *conv_block(together, outputs, kernel=1, **common), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.project(torch.cat([branch(x) for branch in self.convs], dim=1))


class DeepLabV3(ResNetNetwork):
    """ResNet with multi-grid, ASPP with image pooling, scores. N×3×H×W → N×K×H×W logits.

    `output_stride`, `multi_grid` and `align_corners` are those of the `head`'s source unless given.
    """

    def __init__(
        self,
        *,
        depth: int,
        num_classes: int,
        width: float = 1.0,
        head: Literal["paper", "torchvision"] = "paper",
        image_pooling: bool = True,
        aux: bool = False,
        output_stride: Literal[8, 16] | None = None,
        multi_grid: Sequence[int] | None = None,
        align_corners: bool | None = None,
    ) -> None:
        if head not in LAYOUTS:
            raise ValueError(_(f"head must be {' or '.join(LAYOUTS)}, not {head!r}."))
        layout = LAYOUTS[head]
        backbone = ResNet(
            depth,
            width=width,
            output_stride=output_stride or layout.output_stride,
            multi_grid=multi_grid or layout.multi_grid,
            torchvision_dilation=head == "torchvision",
        )
        third, fourth = backbone.channels[-2:]
        hidden = narrow(256, width)
        # The paper's rates are those of output stride 16; at 8, cells are half as far apart.
        factor = 16 // backbone.output_stride
        aspp = ASPP(
            fourth,
            hidden,
            rates=[rate * factor for rate in RATES],
            image_pooling=image_pooling,
            dropout=layout.dropout,
        )
        extra = conv_block(hidden, hidden, batch_norm=True, bias=False)
        layers = extra if head == "torchvision" else ()
        super().__init__(
            backbone,
            nn.Sequential(aspp, *layers, nn.Conv2d(hidden, num_classes, 1)),
            fcn_head(third, hidden, num_classes) if aux else None,
            align_corners=layout.align_corners if align_corners is None else align_corners,
        )
        # What was chosen where the caller left it to the layout; descriptions read it.
        self.output_stride = backbone.output_stride
        self.multi_grid = tuple(multi_grid or layout.multi_grid)

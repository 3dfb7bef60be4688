"""Parts that several architectures share: the narrowing rule, convolution blocks, resizing."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad


def narrow(channels: int, width: float, *, multiple: int = 4, widest: int = 512) -> int:
    """The one rule that makes a network slim: `channels` × `width`, to a multiple of four.

    The 4096 channels of VGG's fc6 and fc7 count as `widest`: they were sized for ImageNet's
    thousand classes and would hold nine tenths of a slim network. Layers whose channels come in
    groups, one a class, give their number of classes as `multiple`.
    """
    if width == 1.0:
        return channels
    counted = widest if channels == 4096 else channels
    return max(1, round(counted * width / multiple)) * multiple


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that also trains on one value a channel.

    A globally pooled map in a batch of one image has nothing to normalise by, and PyTorch raises.
    The running statistics stand in then and stay as they are.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return nn.functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)


def activated(layer: nn.Conv2d | nn.ConvTranspose2d, *, batch_norm: bool) -> nn.Sequential:
    """`layer`, optional batch normalisation, ReLU."""
    layers: list[nn.Module] = [layer]
    if batch_norm:
        layers.append(BatchNorm(layer.out_channels))
    layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def conv_block(
    inputs: int,
    outputs: int,
    *,
    kernel: int = 3,
    batch_norm: bool,
    dilation: int = 1,
    bias: bool = True,
) -> nn.Sequential:
    """Convolution that keeps the size, optional batch normalisation, ReLU: N×C×H×W → N×C'×H×W.

    `kernel` is odd.
    """
    padding = dilation * (kernel - 1) // 2
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=bias)
    return activated(convolution, batch_norm=batch_norm)


def fcn_head(inputs: int, hidden: int, num_classes: int) -> nn.Sequential:
    """3×3 convolution, batch normalisation, ReLU, dropout 0.1, 1×1 scores (in torchvision's order).

    N×C×h×w → N×K×h×w.
    PSPNet's classifier, and the auxiliary classifier of the ResNet networks.
    """
    return nn.Sequential(
        *conv_block(inputs, hidden, batch_norm=True, bias=False),
        nn.Dropout(0.1),
        nn.Conv2d(hidden, num_classes, 1),
    )


def crop_to(x: Tensor, size: Iterable[int]) -> Tensor:
    """The top left of `x`: whatever was extended before was extended on the right and below.

    …×H×W → …×size.
    """
    height, width = size
    return x[..., :height, :width]


def bilinear_kernel(factor: int) -> Tensor:
    """The 2·factor × 2·factor weights that make a transposed convolution interpolate bilinearly.

    Away from the border this equals interpolation with align_corners=False (FCN, section 3.3).
    """
    size = 2 * factor
    distance = (torch.arange(size, dtype=torch.float32) + 0.5 - factor).abs() / factor
    profile = 1 - distance
    return profile[:, None] * profile[None, :]


class BilinearUpsample(nn.Module):
    """Bilinear upsampling of cells that cover `factor`×`factor` pixels each (FCN's geometry).

    N×C×h×w, size → N×C×size. A depthwise transposed convolution whose kernel is no parameter:
    the releases keep it fixed. With `align_corners`, the corner cells are stretched to the corner
    pixels instead.
    """

    def __init__(self, factor: int, *, align_corners: bool = False) -> None:
        super().__init__()
        self.kernel: Tensor
        self.factor, self.align_corners = factor, align_corners
        # Not in the state dict: it follows from the factor, and the published weights lack it.
        self.register_buffer("kernel", bilinear_kernel(factor)[None, None], persistent=False)

    def forward(self, x: Tensor, size: Iterable[int]) -> Tensor:
        if self.align_corners:
            return interpolate(x, tuple(size), mode="bilinear", align_corners=True)
        device = x.device.type
        if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
            # In bf16, a processor has no fast depthwise kernel: 17 times the time of float32.
            with torch.autocast(device, enabled=False):
                return crop_to(self._upsample(x.float()), size)
        return crop_to(self._upsample(x), size)

    def _upsample(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, -1, -1)
        # This padding makes factor·h pixels of h cells, each cell in the middle of its pixels.
        return nn.functional.conv_transpose2d(
            x, kernel, stride=self.factor, padding=self.factor // 2, groups=channels
        )


def pad_to_grid(image: Tensor, stride: int) -> Tensor:
    """`image` with zeros on the right and below, to stride·n + 1 pixels: a cell on each corner.

    N×C×H×W → N×C×H'×W'. Padding on both sides would move the cells off their pixels.
    """
    height, width = image.shape[-2:]
    return pad(image, (0, -(width - 1) % stride, 0, -(height - 1) % stride))


def grid_upsample(x: Tensor, size: Iterable[int], stride: int, *, align_corners: bool) -> Tensor:
    """Bilinear upsampling of cells that sit on every `stride`-th pixel (DeepLab's geometry).

    N×C×h×w → N×C×size. 3×3 convolution and pooling with stride 2 and padding 1 centre cell k on
    pixel stride·k; align_corners puts it back there (321 = 8·40 + 1). Without it, the cells share
    the image evenly, as torchvision does.
    """
    if not align_corners:
        return interpolate(x, tuple(size), mode="bilinear")
    grid = [stride * (cells - 1) + 1 for cells in x.shape[-2:]]
    return crop_to(interpolate(x, grid, mode="bilinear", align_corners=True), size)


def initialise(module: nn.Module) -> None:
    """He initialisation of every convolution; batch normalisation starts as the identity.

    He et al. 2015, "Delving Deep into Rectifiers", section 2.2.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

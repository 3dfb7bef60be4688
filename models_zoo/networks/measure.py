"""What a network costs and sees: parameters, multiply-adds, output stride, receptive field.

The theoretical receptive field is the extent of the gradient of one cell with respect to the image,
in a network made linear and positive: every weight positive, every ReLU the identity, every maximum
an average, every unpooling one to all places where the maximum may have been. It depends on the
graph alone, so the narrowest network and a thin image will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.utils.flop_counter import FlopCounterMode

from models_zoo.networks.build import build, network_build
from models_zoo.networks.catalogue import architecture_get

INPUT_SIZE = (360, 480)
# 32 rows cost thirty times as much and say the same.
THIN_IMAGE = (1, 4096)
# Four channels a layer: the graph alone decides what a cell sees.
NARROWEST = 1e-6


@dataclass(frozen=True)
class View:
    """The output stride of a layer and its receptive field's side, in pixels."""

    output_stride: int
    receptive_field: int | Literal["global"]


@dataclass(frozen=True)
class Figures:
    """One row of the table of architectures; `gmacs`: 10⁹ multiply-adds at 360×480."""

    parameters: int
    gmacs: float
    output_stride: int
    receptive_field: int | Literal["global"]


def figures(key: str, variant: str, *, num_classes: int = 21) -> Figures:
    """All figures of one catalogue key and variant; the network itself never takes memory.

    ValueError for an unknown key or variant.
    """
    with torch.device("meta"):
        network = build(key, variant=variant, num_classes=num_classes).eval()
        gmacs = multiply_adds(network, INPUT_SIZE) / 1e9
    seen = architecture_view(key)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Figures(parameters, round(gmacs, 3), seen.output_stride, seen.receptive_field)


@cache
def architecture_view(key: str) -> View:
    """The output stride and receptive field of a catalogue line, where it says; of all variants."""
    architecture = architecture_get(key)

    def narrowest() -> nn.Module:
        return network_build(architecture, num_classes=2, width=NARROWEST)

    seen = view(narrowest(), architecture.sees_at)
    if not architecture.strides_at:
        return seen
    strides = view(narrowest(), architecture.strides_at)
    return View(strides.output_stride, seen.receptive_field)


def multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Multiply-adds of the convolutions for one image; a network on the meta device suffices."""
    device = next(network.parameters()).device
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        network(torch.empty(1, 3, *size, device=device))
    # The counter takes a multiplication and its addition for two.
    return counter.get_total_flops() // 2


def view(network: nn.Module, layer: str = "") -> View:
    """What `layer` (a module's name, or the logits) of `network` sees.

    "global" when the logits of a pixel see the whole image. The network is changed: build one for
    this. When a layer runs several times, its last output counts.
    """
    _make_linear(network)
    outputs: list[Tensor] = []

    def remember(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        outputs.append(output[0] if isinstance(output, tuple) else output)

    network.get_submodule(layer).register_forward_hook(remember)
    image = torch.ones(1, 3, *THIN_IMAGE, dtype=torch.float64, requires_grad=True)
    logits = network(image)
    first, last = _extent(logits, image, logits.shape[-1] // 2)
    cells = outputs[-1]
    centre = cells.shape[-1] // 2
    left, right = _extent(cells, image, centre)
    stride = _extent(cells, image, centre + 1)[0] - left
    if stride == 0:  # the layer itself sees everything, as behind squeeze and excitation
        stride = round(THIN_IMAGE[1] / cells.shape[-1])
    if (first, last) == (0, THIN_IMAGE[1] - 1):
        return View(stride, "global")
    return View(stride, right - left + 1)


def logit_side(network: nn.Module, *, stride: int = 32) -> int | Literal["global"]:
    """The side in pixels of what one pixel's logits see, at most: pixels see differently far.

    They repeat with the coarsest `stride`. The network is changed: build one for this.
    """
    _make_linear(network)
    image = torch.ones(1, 3, *THIN_IMAGE, dtype=torch.float64, requires_grad=True)
    logits = network(image)
    centre = THIN_IMAGE[1] // 2
    extents = [_extent(logits, image, centre + offset) for offset in range(stride)]
    if (0, THIN_IMAGE[1] - 1) in extents:
        return "global"
    return max(last - first for first, last in extents) + 1


def _extent(output: Tensor, image: Tensor, column: int) -> tuple[int, int]:
    """The first and last column of the image that one cell of `output` depends on."""
    cell = output[0, :, output.shape[-2] // 2, column].sum()
    (gradient,) = torch.autograd.grad(cell, image, retain_graph=True)
    columns = gradient.abs().sum(dim=(0, 1, 2)).nonzero()
    return int(columns[0]), int(columns[-1])


@torch.no_grad()
def _make_linear(network: nn.Module) -> None:
    """Positive weights of about unit gain, averages for maxima, no ReLU; float64, evaluating."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.Identity())
            elif isinstance(child, nn.MaxPool2d):
                setattr(parent, name, _AveragePool(child))
            elif isinstance(child, nn.MaxUnpool2d):
                setattr(parent, name, _Spread())
        if isinstance(parent, nn.Conv2d | nn.ConvTranspose2d):
            # Positive, so that no two paths cancel out.
            parent.weight.fill_(1 / parent.weight[0].numel())
            if parent.bias is not None:
                parent.bias.zero_()
    network.double().eval()


class _AveragePool(nn.Module):
    """A max-pool's average, with the indices of the maxima where they are asked for."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        pool = self.pool
        average = avg_pool2d(x, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)
        return (average, pool(x)[1]) if pool.return_indices else average


class _Spread(nn.Module):
    """In place of unpooling: a value goes to every pixel of its window."""

    def forward(self, x: Tensor, _indices: Tensor, output_size: tuple[int, int]) -> Tensor:
        # By the one place where ties fell, SegNet-Basic's measured field (194) went beyond theory
        # (170); this way theory says 202.
        return interpolate(x, output_size[-2:], mode="nearest")

"""The numbers of the story's figures: what a layer makes of a map of 6×6 cells, by torch itself.

`python -m models_zoo describe` writes the still pictures' numbers; the page's script computes the
same for any numbers and choices (static/js/lineage/operations.js), which a test holds against this.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from models_zoo.files import write_atomically
from models_zoo.networks.blocks import BilinearUpsample, crop_to
from models_zoo.networks.papers.deeplab_v3.network import ImagePooling
from models_zoo.networks.unpooling import PlacePool, PlaceUnpool
from models_zoo.study.descriptions import grids_path

Grid = dict[str, Any]
Cells = tuple[tuple[int, ...], ...]

# An object of high numbers, cut by its edge, on a ground of low ones.
MAP = (
    (1, 0, 2, 1, 0, 1),
    (0, 1, 0, 2, 1, 0),
    (6, 7, 8, 7, 1, 2),
    (7, 9, 8, 9, 2, 0),
    (8, 7, 9, 8, 1, 1),
    (1, 0, 2, 1, 0, 1),
)
CELL = (3, 1)  # the one whose origin the still picture marks
COARSE = ((1, 2, 0), (3, 9, 4), (0, 6, 1))


def unpooling(x: Tensor, way: str) -> list[Tensor]:
    """2×2 maxima, and their way back: to their places, or by interpolation."""
    pooled, places = PlacePool()(x)
    if way == "places":
        return [pooled, PlaceUnpool()(pooled, places, x.shape)]
    return [pooled, interpolate(pooled, x.shape[-2:], mode="bilinear")]


def transposed(x: Tensor, kernel: str) -> list[Tensor]:
    """Zeros between the cells, and the transposed convolution with stride 2 that fills them."""
    size = [2 * side for side in x.shape[-2:]]
    zeros = x.new_zeros(1, 1, *(side - 1 for side in size))
    zeros[..., ::2, ::2] = x
    if kernel == "bilinear":
        return [zeros, BilinearUpsample(2)(x, size)]
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False)
    nn.init.ones_(layer.weight)
    return [zeros, crop_to(layer(x), size)]


def dilation(x: Tensor, rate: str) -> list[Tensor]:
    """A 3×3 convolution whose nine weights are one."""
    return [_dilated(x, int(rate))]


def rates(x: Tensor, count: str) -> list[Tensor]:
    """The sum of the convolutions with rates 1 to `count`."""
    return [sum((_dilated(x, rate) for rate in range(1, int(count) + 1)), torch.zeros_like(x))]


def pooling(x: Tensor, image: str) -> list[Tensor]:
    """The same with rates 1 to 3 and, with `image` "on", the whole map's average in every cell."""
    branches = rates(x, "3")[0]
    whole = ImagePooling(nn.AdaptiveAvgPool2d(1))(x)
    return [branches + whole if image == "on" else branches]


def bilinear(x: Tensor, corners: str) -> list[Tensor]:
    """Twice as many cells a side, by interpolation."""
    size = [2 * side for side in x.shape[-2:]]
    return [interpolate(x, size, mode="bilinear", align_corners=corners == "on")]


def pyramid(x: Tensor, bins: str) -> list[Tensor]:
    """Averages of `bins`×`bins` parts, and these as large as the map again."""
    pooled = nn.AdaptiveAvgPool2d(int(bins))(x)
    return [pooled, interpolate(pooled, x.shape[-2:], mode="bilinear", align_corners=True)]


def _dilated(x: Tensor, rate: int) -> Tensor:
    return conv2d(x, torch.ones(1, 1, 3, 3), padding=rate, dilation=rate)


# What a figure computes, of which map, with which choice at first and which else.
KINDS: dict[str, tuple[Callable[[Tensor, str], list[Tensor]], Cells, tuple[str, ...]]] = {
    "bilinear": (bilinear, COARSE, ("off", "on")),
    "unpooling": (unpooling, MAP, ("places", "bilinear")),
    "transposed": (transposed, COARSE, ("ones", "bilinear")),
    "dilation": (dilation, MAP, ("2", "1", "3", "4", "5")),
    "rates": (rates, MAP, ("3", "1", "2", "4")),
    "pyramid": (pyramid, MAP, ("2", "1", "3", "6")),
    "pooling": (pooling, MAP, ("on", "off")),
}


def grid_compute(kind: str, rows: object, choice: str) -> list[Grid]:
    """The map `rows` and what each step of the figure makes of it.

    Each as its `rows` and the cells `reached` by the last one's CELL: where that has a gradient.
    """
    x = torch.tensor(rows, dtype=torch.float32)[None, None].requires_grad_()
    steps = [x, *KINDS[kind][0](x, choice)]
    row, column = CELL
    chosen = steps[-1][0, 0, row, column]
    # Between two maps of a transposed convolution stand zeros that nothing flows through.
    gradients = torch.autograd.grad(chosen, steps, allow_unused=True)
    return [_grid(step, gradient) for step, gradient in zip(steps, gradients, strict=True)]


def _grid(step: Tensor, gradient: Tensor | None) -> Grid:
    rows = [[round(value, 5) for value in row] for row in step[0, 0].tolist()]
    reached = [] if gradient is None else gradient[0, 0].nonzero().tolist()
    return {"rows": rows, "reached": reached}


def grids_write(folder: Path) -> Path:
    """Writes what the still pictures show."""
    still = {
        kind: {"choice": choices[0], "cell": CELL, "grids": grid_compute(kind, rows, choices[0])}
        for kind, (_, rows, choices) in KINDS.items()
    }
    path = grids_path(folder)
    write_atomically(path, json.dumps(still, separators=(",", ":")).encode() + b"\n")
    return path

"""The story's figures: a map of a few cells, what a layer makes of it, and our line that does it.

The still pictures' numbers are torch's (`models_zoo.study.grids`); with scripts, the page computes
them for any numbers and choices (static/js/lineage/).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lineage.sources import Code
from models_zoo.study.descriptions import grids_read

SIDE = 36  # of a cell, in pixels; the script draws as large
SUMS = _("the sum over {count} cells, each by its weight")
DEEPEST = 0.5  # shade of the largest number, so that its text can be read


@dataclass(frozen=True)
class Cell:
    """A number of a map as it is drawn; `reached`: the last map's chosen cell is made of it."""

    x: int
    y: int
    text: str
    shade: str
    reached: bool
    chosen: bool


@dataclass(frozen=True)
class Picture:
    """One map as it is drawn."""

    caption: Any
    width: int
    height: int
    cells: list[Cell]


@dataclass(frozen=True)
class Figure:
    """A figure; `captions` of its maps, `choices` by value: their words, or None along a slider.

    `sums` says how a cell of many terms comes about.
    """

    kind: str
    title: Any
    says: Any
    captions: tuple[Any, ...]
    control: Any
    choices: dict[str, Any]
    code: tuple[Code, ...]
    sums: Any = SUMS

    @property
    def still(self) -> dict[str, Any]:
        """What it begins with."""
        return grids_read()[self.kind]

    @property
    def slides(self) -> bool:
        """Whether one chooses along a slider."""
        return not any(self.choices.values())

    @property
    def first(self) -> int:
        """The place of what it begins with among the choices."""
        return list(self.choices).index(self.still["choice"])

    @property
    def pictures(self) -> list[Picture]:
        """Its maps as they are drawn without a script."""
        last = self.still["grids"][-1]
        return [
            _picture(caption, grid, self.still["cell"] if grid is last else None)
            for caption, grid in zip(self.captions, self.still["grids"], strict=True)
        ]


def _picture(caption: Any, grid: dict[str, Any], chosen: list[int] | None) -> Picture:
    rows = grid["rows"]
    largest = max(1, *(abs(value) for row in rows for value in row))
    cells = [
        Cell(
            SIDE * column,
            SIDE * row,
            _written(value),
            f"{DEEPEST * abs(value) / largest:.3f}",
            [row, column] in grid["reached"],
            [row, column] == chosen,
        )
        for row, line in enumerate(rows)
        for column, value in enumerate(line)
    ]
    # Drawn last, frames of marked cells are not cut by their neighbours'.
    cells.sort(key=lambda cell: cell.reached + 2 * cell.chosen)
    return Picture(caption, SIDE * len(rows[0]), SIDE * len(rows), cells)


def _written(value: float) -> str:
    """In three digits where it has so many, as the script writes it too."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    rounded = math.floor(value * 10**digits + 0.5) / 10**digits
    return f"{rounded:g}"


_MAP, _COARSE = _("Map"), _("Coarse map")
_EVERY = (
    Figure(
        "bilinear",
        _("Bilinear filling"),
        _(
            "Each new cell is a mix of the four nearest. With align_corners the corner cells sit "
            "on the corners, without it every cell covers as much as the others: the same numbers "
            "at other places. A network has to be used as it was trained."
        ),
        (_COARSE, _("Filled")),
        _("align_corners"),
        {"off": _("off"), "on": _("on")},
        (
            Code("blocks.py", 'return interpolate(x, tuple(size), mode="bilinear")'),
            Code(
                "blocks.py",
                'return interpolate(x, tuple(size), mode="bilinear", align_corners=True)',
            ),
        ),
    ),
    Figure(
        "unpooling",
        _("Places remembered and put back"),
        _(
            "Pooling keeps the largest of each four cells and forgets where it was. Unpooling "
            "remembers: each maximum goes back to its own place, so the object's edge stays where "
            "it was, and all else is zero. Interpolation spreads the same numbers over the edge."
        ),
        (_MAP, _("Largest of each 2×2"), _("Back at full size")),
        _("The way back"),
        {"places": _("to the places"), "bilinear": _("by interpolation")},
        (
            Code("assembly.py", "x, where = self.pool(x)"),
            Code("assembly.py", "x = self.unpool(x, where, output_size=size)"),
        ),
    ),
    Figure(
        "transposed",
        _("Zeros inserted, then filled"),
        _(
            "A transposed convolution with stride 2 puts a zero between each two cells, and a "
            "kernel fills them from their neighbours. Its weights are learned; where it overlaps "
            "unevenly, as three ones do, a checkerboard shows. FCN's fixed weights interpolate. In "
            "DeconvNet the zeros come from unpooling, so its kernels need no stride."
        ),
        (_COARSE, _("Zeros inserted"), _("Filled by the kernel")),
        _("Kernel"),
        {"ones": _("3×3 ones"), "bilinear": _("4×4 bilinear")},
        (
            Code("papers/deconvnet/network.py",
                 "layer = nn.ConvTranspose2d(inputs, outputs, 3, padding=1)"),
            Code("papers/fc_densenet/network.py",
                 "self.grow.append(nn.ConvTranspose2d(new, new, 3, stride=2))"),
            Code("blocks.py",
                 "x, kernel, stride=self.factor, padding=self.factor // 2, groups=channels"),
        ),
    ),
    Figure(
        "dilation",
        _("Holes in a kernel"),
        _(
            "Nine weights, here all one, with rate − 1 cells left out between two: the view grows, "
            "weights and resolution stay. Beside the map there is nothing to see: at rate 5 most "
            "of the nine weights miss it, and a 3×3 kernel is a 1×1 kernel again."
        ),
        (_MAP, _("Convolved")),
        _("Rate"),
        dict.fromkeys("12345"),
        (
            Code("blocks.py",
                 "convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, "
                 "dilation=dilation, bias=bias)"),
            Code("papers/deeplab_v1/network.py",
                 "self.fc6 = conv_block(narrow(512, width), hidden, dilation=rate, "
                 "batch_norm=batch_norm)"),
        ),
        sums=_("the sum over those of its nine cells that lie on the map: {count}"),
    ),
    Figure(
        "rates",
        _("Several rates at once"),
        _(
            "Kernels with rates 1, 2, 3 … look at the same cell, and what they see is summed: near "
            "cells in detail, far ones too, without a gap between them."
        ),
        (_MAP, _("Sum of the branches")),
        _("Branches"),
        dict.fromkeys("1234"),
        (
            Code("papers/deeplab_v2/network.py",
                 "conv_block(inputs, hidden, dilation=rate, batch_norm=batch_norm),"),
        ),
    ),
    Figure(
        "pyramid",
        _("Averages of the whole and of its parts"),
        _(
            "The map is cut into 1, 2×2, 3×3 or 6×6 parts, each becomes its average, and these are "
            "filled up to the map's size again. One part tells every cell of the whole image: what "
            "scene this is. PSPNet puts all four beside the map."
        ),
        (_MAP, _("Averages of the parts"), _("Filled")),
        _("Parts a side"),
        dict.fromkeys("1236"),
        (
            Code("papers/pspnet/network.py",
                 "nn.AdaptiveAvgPool2d(bins) if pooling else nn.Identity(),"),
        ),
    ),
    Figure(
        "pooling",
        _("Several rates, and the whole image"),
        _(
            "Rates 1, 2 and 3, and beside them the average of the whole map in every cell. Without "
            "it a cell is made of what its kernels reach; with it, of all cells. DeepLab v3 learns "
            "how to weigh these branches, here they are summed."
        ),
        (_MAP, _("Sum of the branches")),
        _("Image pooling"),
        {"on": _("on"), "off": _("off")},
        (
            Code("papers/deeplab_v3/network.py",
                 "self.convs.append(conv_block(inputs, outputs, dilation=rate, **common))"),
            Code("papers/deeplab_v3/network.py",
                 "self.convs.append(ImagePooling(nn.AdaptiveAvgPool2d(1), *pooled))"),
        ),
    ),
)  # fmt: skip
FIGURES = {figure.kind: figure for figure in _EVERY}

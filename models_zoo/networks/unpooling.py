"""2×2 pooling that remembers where each maximum was, and unpooling to there (SegNet, DeconvNet).

PyTorch's operators compute it, but for graphs that other runtimes run: those scatter slowly, and an
index in bf16 names a place nearby. So an exported graph holds where a maximum was as four masks,
one for each place of a window, and puts the values back by interleaving four maps. Both forms give
the same values to the last bit; in PyTorch, masks take two to ten times the operators' time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

Places = Tensor | tuple[Tensor, ...]  # indices, or a mask for each place of a 2×2 window


class PlacePool(nn.MaxPool2d):
    """The maximum of each 2×2 window and its place: N×C×H×W → N×C×⌈H/2⌉×⌈W/2⌉, and `Places`.

    Where several pixels of a window are its maximum, the first one counts, row by row.
    """

    def __init__(self) -> None:
        # Rounding up, as Caffe does, keeps the last row and column of an odd map.
        super().__init__(2, stride=2, ceil_mode=True, return_indices=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Places]:
        if not _is_exported(x):
            return super().forward(x)
        pooled = max_pool2d(x, 2, stride=2, ceil_mode=True)
        return pooled, _masks(x, pooled)


class PlaceUnpool(nn.MaxUnpool2d):
    """Values to where their maxima were, 0 elsewhere: N×C×h×w → N×C×`output_size`."""

    def __init__(self) -> None:
        super().__init__(2, stride=2)

    def forward(self, x: Tensor, places: Places, output_size: torch.Size) -> Tensor:  # type: ignore[override]
        if isinstance(places, Tensor):
            # Without the size, unpooling at odd widths would put values in wrong places.
            return super().forward(x, places, output_size=list(output_size))
        batch, channels, height, width = x.shape
        parts = torch.cat([torch.where(mask, x, 0.0) for mask in places], dim=1)
        windows = parts.reshape(batch, 2, 2, channels, height, width)
        whole = windows.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels, 2 * height, 2 * width)
        return whole[..., : output_size[-2], : output_size[-1]]


def _masks(x: Tensor, pooled: Tensor) -> tuple[Tensor, ...]:
    """Which of the four pixels of each window is the first one that equals its maximum."""
    height, width = x.shape[-2:]
    # By nothing at even sizes: a graph for every size has no branches.
    x = pad(x, (0, width % 2, 0, height % 2), value=float("-inf"))
    first = x[..., ::2, ::2] == pooled
    second = (x[..., ::2, 1::2] == pooled) & ~first
    third = (x[..., 1::2, ::2] == pooled) & ~(first | second)
    # No fourth comparison: what is not finite must not get lost, and NaN equals nothing.
    return first, second, third, ~(first | second | third)


def _is_exported(x: Tensor) -> bool:
    # Not on the meta device: there the data path is drawn, which is told by the operators.
    return torch.jit.is_tracing() or (torch.compiler.is_exporting() and x.device.type != "meta")

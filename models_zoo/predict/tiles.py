"""Scoring an image in overlapping tiles at full resolution, their logits blended by a window.

Tiles start on the grid of the coarsest output stride, so that a tile's cells lie where the whole
image's would. Near a border inside the image a tile lacks context: over a quarter of the overlap it
has no say, over the next half its weight rises smoothly. So a network whose receptive field reaches
no farther than that quarter gives the whole image's logits exactly; others come close to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

GRID = 32  # pixels; the coarsest output stride of the lineage
PIECE_PIXELS = 1 << 20

Block = tuple[slice, slice, Tensor]  # rows and columns of the image, K×h×w logits of theirs


@dataclass(frozen=True)
class Span:
    """What one tile covers of an axis; `weights` of all spans add up to 1 at every pixel."""

    start: int
    stop: int
    weights: Tensor


def tile_size(input_size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the tiles for a network that knows `input_size`: that, on the grid."""
    # Two cells of the grid at least: neighbours share one, and tiles have to get ahead.
    height, width = (max(2 * GRID, -(-side // GRID) * GRID) for side in input_size)
    return height, width


def overlap(tile: int) -> int:
    """How many pixels neighbouring tiles share at least: about a third, on the grid."""
    return max(GRID, tile // 3 // GRID * GRID)


def spans(length: int, tile: int) -> list[Span]:
    """The tiles along an axis of `length` pixels; one that is no longer than a tile has one."""
    starts = [0]
    # Rounded up: the last tile keeps to the grid too, and the image's end cuts it short.
    last = -(-(length - tile) // GRID) * GRID
    while starts[-1] + tile < length:
        starts.append(min(starts[-1] + tile - overlap(tile), last))
    ends = [min(start + tile, length) for start in starts]
    total = torch.zeros(length)
    profiles = []
    for start, stop in zip(starts, ends, strict=True):
        profile = _profile(start, stop, length, overlap(tile))
        total[start:stop] += profile
        profiles.append(profile)
    return [
        Span(start, stop, profile / total[start:stop])
        for start, stop, profile in zip(starts, ends, profiles, strict=True)
    ]


def _profile(start: int, stop: int, length: int, shared: int) -> Tensor:
    """A tile's weight along an axis: 1, but falling to 0 at ends that are not the image's."""
    place = torch.arange(stop - start) + 0.5
    profile = torch.ones(stop - start)
    if start > 0:
        profile = profile * _rise(place, shared)
    if stop < length:
        profile = profile * _rise(stop - start - place, shared)
    return profile


def _rise(distance: Tensor, shared: int) -> Tensor:
    # Windows that rise from the very edge, as Hann's, blend in pixels that lacked context, so that
    # nothing equals the whole image's result.
    part = ((distance - shared / 4) / (shared / 2)).clamp(0, 1)
    return torch.sin(part * torch.pi / 2) ** 2


def tiles_of(size: tuple[int, int], tile: tuple[int, int]) -> int:
    """How many tiles an image of `size` has."""
    return len(spans(size[0], tile[0])) * len(spans(size[1], tile[1]))


def tiled_logits(
    score: Callable[[slice, slice], Tensor], size: tuple[int, int], tile: tuple[int, int]
) -> Iterator[Block]:
    """The blended logits of an image of `size`, in blocks that cover every pixel once.

    `score` gives the K×h×w logits of the tile at some rows and columns. What is held at once is a
    strip of tiles across the image's shorter side.
    """
    turned = size[1] > size[0]
    along, across = (1, 0) if turned else (0, 1)
    inner = spans(size[across], tile[across])
    outer = spans(size[along], tile[along])
    carried: Tensor | None = None
    for index, span in enumerate(outer):
        strip = _strip(score, span, inner, turned=turned)
        if carried is not None:
            strip[:, : carried.shape[1]] += carried
        stop = outer[index + 1].start if index + 1 < len(outer) else span.stop
        step = max(1, PIECE_PIXELS // size[across])
        for first in range(span.start, stop, step):
            last = min(first + step, stop)
            piece = strip[:, first - span.start : last - span.start]
            whole = slice(0, size[across])
            if turned:
                yield whole, slice(first, last), piece.transpose(1, 2)
            else:
                yield slice(first, last), whole, piece
        # A view would keep the whole strip alive.
        carried = strip[:, stop - span.start :].clone()


def _strip(
    score: Callable[[slice, slice], Tensor], outer: Span, inner: list[Span], *, turned: bool
) -> Tensor:
    """The weighted sum of one strip's tiles, K × along × across."""
    strip: Tensor | None = None
    for span in inner:
        along, across = slice(outer.start, outer.stop), slice(span.start, span.stop)
        logits = score(across, along).transpose(1, 2) if turned else score(along, across)
        if strip is None:
            shape = (logits.shape[0], outer.stop - outer.start, inner[-1].stop)
            strip = logits.new_zeros(shape)
        weights = outer.weights[:, None] * span.weights[None, :]
        strip[:, :, across] += logits * weights.to(logits.device)
    if strip is None:
        raise ValueError("A strip needs a tile.")
    return strip

"""The outlines of a region: along the edges of its pixels, so that filling them gives it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

Corner = tuple[int, int]  # x, y; whole numbers lie between pixels


def outlines(region: np.ndarray) -> list[list[Corner]]:
    """One polygon for each connected part of an H×W bool region.

    A hole is joined to the outline around it by a way there and back, which runs within the region
    and encloses nothing. Parts that touch at a corner alone are two.
    """
    loops = [(loop, _area(loop) > 0) for loop in _loops(region)]
    polygons = [loop for loop, outer in loops if outer]
    # By each edge on a left side, which goes up to x, y: the polygon that has it.
    owner = {edge: polygon for polygon in polygons for edge in _left_edges(polygon)}
    # From the left on: what lies left of a hole is joined already.
    for hole in sorted((loop for loop, outer in loops if not outer), key=min):
        x, y = start = min(hole)
        while x and region[y, x - 1]:
            x -= 1
        polygon, first = owner[x, y], hole.index(start)
        place = polygon.index((x, y))
        owner |= dict.fromkeys(_left_edges(hole), polygon)
        polygon[place:place] = [(x, y), *hole[first:], *hole[:first], start]
    return [_straightened(polygon) for polygon in polygons]


def _loops(region: np.ndarray) -> Iterator[list[Corner]]:
    """All borders, with a corner at each pixel passed and the region on the right hand."""
    padded = np.pad(region, 1)
    # A pixel's sides, by the neighbour that is not of the region: from where and to where.
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    onward: dict[Corner, list[Corner]] = defaultdict(list)
    for neighbour, start, end in sides:
        for y, x in np.argwhere(region & ~neighbour).tolist():
            onward[x + start[0], y + start[1]].append((x + end[0], y + end[1]))
    passed: set[tuple[Corner, Corner]] = set()
    for here in onward:
        for there in onward[here]:
            loop, edge = [], (here, there)
            while edge not in passed:
                passed.add(edge)
                loop.append(edge[0])
                edge = edge[1], _next(*edge, onward[edge[1]])
            if loop:
                yield loop


def _next(here: Corner, there: Corner, ways: Sequence[Corner]) -> Corner:
    """Where a border goes on; where two parts touch, to the right, which keeps them apart."""
    (x0, y0), (x1, y1) = here, there
    right = x1 - (y1 - y0), y1 + (x1 - x0)
    return right if right in ways else ways[0]


def _area(loop: Sequence[Corner]) -> int:
    """Twice the area, negative for a hole."""
    x, y = np.array(loop).T
    return int(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _left_edges(loop: Sequence[Corner]) -> list[Corner]:
    """The upper ends of all edges that go up."""
    pairs = zip(loop, [*loop[1:], loop[0]], strict=True)
    return [there for here, there in pairs if there[1] < here[1]]


def _straightened(polygon: Sequence[Corner]) -> list[Corner]:
    """A polygon without the corners that lie on a straight way."""
    corners = np.array(polygon)
    ahead = np.sign(np.roll(corners, -1, axis=0) - corners)
    turns = (ahead != np.roll(ahead, 1, axis=0)).any(axis=1)
    return [(x, y) for x, y in corners[turns].tolist()]

"""Lays a network's data path out as a drawing: boxes in rows, arrows, and lanes beside them.

The path comes from `models_zoo.study.graph`, by way of a description file. Blocks run from top to
bottom, each as wide as its map is large; branches that one block joins stand side by side. What
goes past some rows takes a lane: features on the right, the places of maxima on the left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import log2
from typing import Any

from lineage.boxes import JOINS, Box, box_of

# Fits a screen of 360 pixels, without scrolling sideways.
WIDTH = 320
BOXES = 240  # the widest box
LANE = 8
PAD = 6
GAP = 13


@dataclass
class Diagram:
    """What the template draws. `wires`, `skips` and `places` are SVG paths."""

    boxes: list[Box]
    width: int = WIDTH
    height: int = 0
    wires: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


def diagram_draw(path: list[dict[str, Any]]) -> Diagram:
    """The drawing of a data path, the logits at its end."""
    shape = [path[-1]["shape"][0], *path[0]["shape"][1:]]
    end = {"module": "", "parts": [{"op": "logits"}], "shape": shape, "from": [len(path) - 1]}
    blocks = [*path, end]
    rows = _rows(blocks)
    boxes = [box_of(block, branch=False) for block in blocks]
    for row in rows:
        if len(row) > 2:
            for number in row:
                boxes[number] = box_of(blocks[number], branch=True)
    diagram = Diagram(boxes)
    at = {number: position for position, row in enumerate(rows) for number in row}
    # What goes past at least one row takes a lane: features, and the places of maxima.
    skips, places = [], []
    for number, block in enumerate(blocks):
        skips += [(source, number) for source in block["from"] if at[number] - at[source] > 1]
        if "places" in block:
            places.append((block["places"], number))
    # The shortest take the inner lanes, so that longer ones run around them.
    skips, places = sorted(skips, key=_length), sorted(places, key=_length)
    left = LANE * len(_lanes(places)) + PAD
    right = LANE * len(_lanes(skips)) + PAD
    _place(diagram, rows, blocks, left, right)
    for number, block in enumerate(blocks):
        for source in block["from"]:
            if at[number] - at[source] == 1:
                diagram.wires.append(_wire(boxes[source], boxes[number]))
    diagram.skips = _lane_paths(boxes, skips, side=1)
    diagram.places = _lane_paths(boxes, places, side=-1)
    return diagram


def _rows(blocks: list[dict[str, Any]]) -> list[list[int]]:
    """The blocks of each row: one, or the branches that the next row's block joins."""
    reads = Counter(source for block in blocks for source in block["from"])
    rows: list[list[int]] = []
    for number, block in enumerate(blocks):
        if block["parts"][0]["op"] in JOINS:
            branches: list[int] = []
            while rows and len(rows[-1]) == 1:
                before = rows[-1][0]
                # What is read elsewhere too, or joins several itself, is no branch of this join.
                single = len(blocks[before]["from"]) == 1 and reads[before] == 1
                if not (single and before in block["from"]):
                    break
                branches += rows.pop()
            if len(branches) == 2:  # what comes over a lane stands at the side where lanes are
                rows.append(sorted(branches, key=lambda n: -blocks[n]["from"][0]))
            elif branches:
                rows.append(sorted(branches))
        rows.append([number])
    return rows


def _length(edge: tuple[int, int]) -> int:
    return edge[1] - edge[0]


def _lanes(edges: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The edges by lane, the innermost first; in a lane, none runs beside another."""
    lanes: list[list[tuple[int, int]]] = []
    for start, end in edges:
        for lane in lanes:
            if all(end <= other[0] or start >= other[1] for other in lane):
                lane.append((start, end))
                break
        else:
            lanes.append([(start, end)])
    return lanes


def _place(
    diagram: Diagram, rows: list[list[int]], blocks: list[dict[str, Any]], left: int, right: int
) -> None:
    """Gives every box its place, and the drawing its height."""
    widest = min(BOXES, WIDTH - left - right)
    middle, y = left + (WIDTH - left - right) // 2, 2
    across = max(block["shape"][2] for block in blocks)
    for row in rows:
        height = max(diagram.boxes[number].height for number in row)
        shrunk = max(0.0, log2(across / max(blocks[row[-1]]["shape"][2], 1)))
        # Each halving of the map takes 8 % of the width; words need 56 % of it.
        room = round(widest * (1 - 0.08 * min(shrunk, 5.5)))
        if len(row) > 1:
            room = WIDTH - left - right if len(row) > 2 else widest
        width = (room - 4 * (len(row) - 1)) // len(row)
        for position, number in enumerate(row):
            box = diagram.boxes[number]
            box.x = middle - room // 2 + position * (width + 4)
            box.y, box.width, box.height = y, width, height
        y += height + GAP
    diagram.height = y - GAP + 2


def _wire(source: Box, target: Box) -> str:
    """From a box to one in the next row; to and from branches by a bus between the rows."""
    start, end = source.middle, target.middle
    if target.kind != "branch" and source.kind != "branch":
        beside = target if target.width < source.width else source
        return f"M{beside.middle} {source.bottom}V{target.y - 1}"
    return f"M{start} {source.bottom}V{target.y - GAP // 2 - 1}H{end}V{target.y - 1}"


def _lane_paths(boxes: list[Box], edges: list[tuple[int, int]], *, side: int) -> list[str]:
    """One path for each edge, out of the source's side, along its lane and into the target's."""
    if not edges:
        return []
    border = max(side * _edge_of(box, side) for box in boxes)
    paths = []
    for number, lane in enumerate(_lanes(edges)):
        x = side * (border + PAD + LANE * number)
        for source, target in lane:
            start, end = boxes[source], boxes[target]
            # Out below the middle, in above it: one lane's end and the next one's start are apart.
            paths.append(
                f"M{_edge_of(start, side)} {start.centre + 4}H{x}V{end.centre - 3}"
                f"H{_edge_of(end, side) + side}"
            )
    return paths


def _edge_of(box: Box, side: int) -> int:
    return box.x + box.width if side > 0 else box.x

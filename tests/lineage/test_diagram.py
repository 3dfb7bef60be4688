"""The layout of a data path: nothing overlaps, all is joined, and inside the picture."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from lineage.architectures import known
from lineage.diagram import WIDTH, diagram_draw
from models_zoo.study.descriptions import description

LETTER = 4.8  # pixels, about, of the drawing's type
PATHS = [(key, variant) for key in known() for variant in description(key)["variants"]]


@pytest.mark.parametrize(("key", "variant"), PATHS)
def test_boxes_are_apart_and_inside(key, variant):
    diagram = diagram_draw(description(key)["variants"][variant]["path"])
    for box in diagram.boxes:
        assert box.x >= 0
        assert box.x + box.width <= WIDTH
        assert box.bottom <= diagram.height
        for _, y, _, words in box.texts:
            assert words
            assert box.y < y < box.bottom
            assert len(words) * LETTER <= box.width, words
    for one, other in pairwise(sorted(diagram.boxes, key=lambda box: (box.y, box.x))):
        beside = one.y == other.y and one.x + one.width < other.x
        assert beside or one.bottom < other.y


@pytest.mark.parametrize(("key", "variant"), PATHS)
def test_every_connection_is_drawn_once_inside_the_picture(key, variant):
    path = description(key)["variants"][variant]["path"]
    diagram = diagram_draw(path)
    assert len(diagram.wires) + len(diagram.skips) == sum(len(b["from"]) for b in path) + 1
    assert len(diagram.places) == sum("places" in block for block in path)
    for lane in (*diagram.skips, *diagram.places):
        across = [int(x) for x in re.findall(r"(?:M|H)(-?\d+)", lane)]
        assert all(0 <= x <= WIDTH for x in across)


def test_lanes_that_run_beside_each_other_are_apart():
    diagram = diagram_draw(description("segnet")["variants"]["full"]["path"])
    lanes = [re.search(r"H(\d+)V", path).group(1) for path in diagram.places]
    assert len(set(lanes)) == 5


def test_branches_stand_side_by_side():
    path = description("deeplab_v3_resnet50")["variants"]["full"]["path"]
    diagram = diagram_draw(path)
    rows: dict[int, int] = {}
    for box in diagram.boxes:
        rows[box.y] = rows.get(box.y, 0) + 1
    assert max(rows.values()) == 5


def test_what_comes_over_a_lane_stands_beside_the_lanes():
    for key in ("fcn8s", "torchvision_lraspp_mobilenet"):
        diagram = diagram_draw(description(key)["variants"]["full"]["path"])
        ends = {re.search(r"V(\d+)H(\d+)$", path).groups() for path in diagram.skips}
        targets = [
            box
            for box in diagram.boxes
            if (str(box.centre - 3), str(box.x + box.width + 1)) in ends
        ]
        assert len(targets) == len(diagram.skips), "each arrow ends at the right edge of a box"
        for box in targets:
            assert not any(o.y == box.y and o.x > box.x for o in diagram.boxes)


def test_larger_maps_are_drawn_wider():
    diagram = diagram_draw(description("segnet")["variants"]["full"]["path"])
    widths = [box.width for box in diagram.boxes]
    narrowest = widths.index(min(widths))
    assert widths[: narrowest + 1] == sorted(widths[: narrowest + 1], reverse=True)
    assert widths[narrowest:] == sorted(widths[narrowest:])

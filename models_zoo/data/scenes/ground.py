"""The ground: strips of road, pavement, terrain and water with their markings."""

from __future__ import annotations

import random
from collections.abc import Callable

from models_zoo.data.scenes.camera import Point
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import PAVEMENT, ROAD, TERRAIN, WATER
from models_zoo.data.scenes.light import Colour, mix, scaled

FAR = 900.0  # metres at which the ground strips end
Patch = Callable[[float, float, float, float], list[Point]]  # t from, to, s from, to, in metres

GROUND: dict[int, tuple[Colour, ...]] = {
    ROAD: ((92, 93, 98), (112, 110, 108), (74, 76, 84), (128, 116, 104), (104, 100, 112)),
    PAVEMENT: ((176, 170, 162), (150, 148, 148), (192, 176, 150), (134, 128, 128), (168, 140, 126)),
    TERRAIN: ((116, 152, 72), (150, 156, 84), (176, 160, 104), (92, 132, 78), (134, 128, 96)),
    WATER: ((74, 122, 152), (62, 104, 110), (104, 128, 128), (56, 92, 146), (112, 118, 104)),
}


def strip_paint(
    canvas: Canvas, class_id: int, along: bool, lo: float, hi: float, lanes: int, rng: random.Random
) -> None:
    """One strip of ground, lo..hi metres across the picture's axis, with its markings."""
    canvas.begin(class_id)
    colour = scaled(rng.choice(GROUND[class_id]), rng.uniform(0.85, 1.15))
    if class_id == WATER:
        colour = mix(colour, canvas.light.off(canvas.light.horizon), 0.3)

    def patch(a: float, b: float, s0: float, s1: float) -> list[Point]:
        corners = ((a, s0), (b, s0), (b, s1), (a, s1))
        world = corners if along else [(s, t) for t, s in corners]
        return [canvas.camera.point(x, 0.0, z) for x, z in world]

    near, far = (1.0, FAR) if along else (-300.0, 300.0)
    canvas.polygon(patch(lo, hi, near, far), colour)
    if class_id == ROAD:
        _markings(canvas, patch, lo, hi, lanes, along, rng)
    elif class_id == PAVEMENT:
        kerb = scaled(colour, 1.2)
        for a, b in ((lo, lo + 0.15), (hi - 0.15, hi)):
            canvas.detail(patch(a, b, near, far), kerb)
        if rng.random() < 0.7:
            _slabs(canvas, patch, lo, hi, along, scaled(colour, 0.9))
    elif class_id == WATER:
        _ripples(canvas, patch, lo, hi, along, rng)


def _markings(
    canvas: Canvas, patch: Patch, lo: float, hi: float, lanes: int, along: bool, rng: random.Random
) -> None:
    """Edge lines, dashes between lanes, sometimes a zebra crossing."""
    paint = rng.choice(((232, 230, 222), (232, 230, 222), (226, 186, 84)))
    if rng.random() < 0.7:
        near, far = (1.0, 300.0) if along else (-80.0, 80.0)
        for t in (lo + 0.25, hi - 0.4):
            canvas.detail(patch(t, t + 0.15, near, far), paint)
    shift = rng.uniform(0, 5)
    for lane in range(1, lanes):
        t = lo + (hi - lo) * lane / lanes
        for k in range(14 if along else 24):
            s = (1.5 + shift + k * 6) if along else (k - 12) * 6 + shift
            canvas.detail(patch(t - 0.08, t + 0.08, s, s + 3), paint)
    if rng.random() < 0.35:
        start = rng.uniform(6, 14) if along else rng.uniform(-5, 3)
        for k in range(int((hi - lo) / 1.0)):
            canvas.detail(patch(lo + 0.25 + k, lo + 0.75 + k, start, start + 3), paint)


def _slabs(canvas: Canvas, patch: Patch, lo: float, hi: float, along: bool, colour: Colour) -> None:
    """Joints between paving slabs, near the camera."""
    for k in range(26):
        s = 2 + k * 1.2 if along else (k - 13) * 1.2
        joint = patch(lo + 0.15, hi - 0.15, s, s)
        canvas.stroke(joint[:2], colour)
    middle = (lo + hi) / 2
    canvas.stroke(patch(middle, middle, 1.5 if along else -40, 60 if along else 40)[1:3], colour)


def _ripples(
    canvas: Canvas, patch: Patch, lo: float, hi: float, along: bool, rng: random.Random
) -> None:
    """Glints and troughs, denser and flatter with distance."""
    light, dark = mix(canvas.light.horizon, (255, 255, 255), 0.3), (20, 36, 56)
    for k in range(90):
        depth = rng.uniform(2, 9) ** 2 if along else lo + (hi - lo) * rng.random() ** 1.6
        x = rng.uniform(lo, hi) if along else rng.uniform(-0.8, 0.8) * depth
        length, thick = rng.uniform(0.3, 1.4), 0.03 + depth * 0.003
        corners = [
            (x, depth),
            (x + length / 2, depth - thick * 2),
            (x + length, depth),
            (x + length / 2, depth + thick * 2),
        ]
        if along and (x < lo + 0.1 or x + length > hi - 0.1):
            continue
        points = [canvas.camera.point(a, 0, b) for a, b in corners]
        canvas.glaze(points, light if k % 3 else dark, 70)

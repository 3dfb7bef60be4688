"""Cars and motor boats, which are one and the same drawing; tyres and lamps of all vehicles."""

from __future__ import annotations

import math

from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.light import Colour, paint, scaled
from models_zoo.data.scenes.things.solid import Outline, Prism
from models_zoo.data.scenes.things.thing import Thing

GLASS: Colour = (58, 74, 92)
TYRE: Colour = (34, 34, 38)
WARM: Colour = (255, 222, 150)

_CABINS = (  # rear foot, roof from, roof to, front foot, each a share of the length
    (0.02, 0.10, 0.55, 0.72),  # hatchback
    (0.16, 0.30, 0.56, 0.74),  # saloon
    (0.02, 0.04, 0.62, 0.80),  # van
    (0.38, 0.44, 0.64, 0.78),  # pickup
    (0.24, 0.28, 0.50, 0.56),  # wheelhouse
)


def hull_paint(canvas: Canvas, thing: Thing) -> None:
    """A motor car or a motor boat: nothing in the drawing tells which, only where it is."""
    rng = thing.dice()
    canvas.begin(thing.class_id, thing.z, twin=True)
    length, width = thing.length, thing.width
    low, belt, top = 0.26, rng.uniform(0.85, 1.05), thing.height
    rear, roof0, roof1, front = (share * length for share in rng.choice(_CABINS))
    body = paint(rng)
    roof = body if rng.random() < 0.6 else paint(rng)
    skin = {"body": body, "roof": roof, "glass": GLASS, "deck": scaled(body, 1.04)}
    bow, nose = rng.uniform(0.05, 0.2) * length, belt * rng.uniform(0.72, 0.96)
    outline: Outline = [
        (rng.uniform(0.0, 0.05) * length, low, "body"),
        (0, belt * 0.9, "deck"),
        (rear, belt, "glass"),
        (roof0, top, "roof"),
        (roof1, top, "glass"),
        (front, belt, "deck"),
        (length, nose, "body"),
        (length - bow, low, "none"),
    ]
    prism = Prism(canvas, thing.x, thing.z, thing.heading, length, width, 0.28, belt)
    end_tyres_paint(prism)
    prism.paint(outline, skin.__getitem__)
    if prism.flank_seen:
        _hull_flank(prism, (rear, roof0, roof1, front), belt, top, body)
    lean = bow * (nose - 0.6 * belt) / (nose - low)
    lamps_paint(prism, belt, lean, rng.random() < canvas.light.lit * 2)


def end_tyres_paint(prism: Prism) -> None:
    """The tyres below the end that faces the camera."""
    end = prism.end_seen()
    if end is not None:
        u = 0.08 * prism.length if end == 0 else 0.92 * prism.length
        for s0, s1 in ((0.55, 0.92), (-0.92, -0.55)):
            prism.canvas.polygon(prism.across(u, 0.0, 0.4, s0, s1), TYRE)


def _hull_flank(
    prism: Prism, cabin: tuple[float, float, float, float], belt: float, top: float, body: Colour
) -> None:
    """Side windows, a sill line, two tyres."""
    canvas, (rear, roof0, roof1, front) = prism.canvas, cabin
    v0, v1 = belt + 0.06, top - 0.1

    def slanted(foot: float, head: float, v: float) -> float:
        return foot + (head - foot) * (v - belt) / (top - belt)

    middle = (roof0 + roof1) / 2
    for a, b in ((0.12, -0.04), (0.04, -0.12)):
        left = (rear, roof0, a) if a > 0.1 else (middle, middle, a)
        right = (middle, middle, b) if a > 0.1 else (front, roof1, b)
        window = [(slanted(*left[:2], v) + left[2], v) for v in (v0, v1)]
        window += [(slanted(*right[:2], v) + right[2], v) for v in (v1, v0)]
        canvas.detail(prism.flank(*window), scaled(GLASS, 1.1))
    dark = scaled(body, 0.7)
    canvas.stroke(prism.flank((0.1, 0.5), (prism.length * 0.9, 0.5)), dark)
    for u in (0.2 * prism.length, 0.79 * prism.length):
        tyre_paint(prism, u, 0.29)


def tyre_paint(prism: Prism, u: float, radius: float) -> None:
    """A tyre with its hub on the near flank, standing on the ground."""
    ring = [(u + radius * c, radius + radius * s) for c, s in _ring()]
    prism.canvas.polygon(prism.flank(*ring), TYRE)
    hub = [(u + 0.5 * radius * c, radius + 0.5 * radius * s) for c, s in _ring()]
    prism.canvas.detail(prism.flank(*hub), (96, 98, 104))


def _ring() -> list[tuple[float, float]]:
    return [(math.cos(k * math.pi / 7), math.sin(k * math.pi / 7)) for k in range(14)]


def lamps_paint(prism: Prism, height: float, lean: float, on: bool) -> None:
    """Two lamps at the end that faces the camera: white in front, red behind.

    `height` and `lean`, in metres: of the belt, and how far the front recedes at the lamps.
    """
    end = prism.end_seen()
    if end is None:
        return
    front = end > 0
    colour = (WARM if on else (236, 236, 226)) if front else (232, 42, 36)
    for s in (0.82, -0.82):
        lamp = prism.across(end - lean * front, height * 0.54, height * 0.69, s - 0.14, s + 0.14)
        prism.canvas.detail(lamp, colour if on else scaled(colour, 0.85), glow=on)

"""People on foot, and bicycles with and without riders."""

from __future__ import annotations

import math
import random

from models_zoo.data.scenes.camera import Frame
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import BICYCLE, PERSON
from models_zoo.data.scenes.light import Colour, paint, scaled
from models_zoo.data.scenes.things.thing import Thing

SKINS = ((236, 196, 164), (206, 158, 120), (160, 112, 80), (104, 72, 54))
HAIR = ((40, 32, 28), (92, 62, 40), (188, 152, 92), (150, 148, 146))


def person_paint(canvas: Canvas, thing: Thing) -> None:
    """Someone walking; a hidden one wears the colour of what is behind."""
    rng = thing.dice()
    frame = Frame(canvas.camera, thing.x, thing.z)
    coat, trousers = paint(rng), scaled(paint(rng), 0.75)
    skin, hair = rng.choice(SKINS), rng.choice(HAIR)
    if thing.hidden:
        wall = canvas.behind(frame.quad(-0.5, 0.3, 0.5, thing.height))
        if wall is not None:
            wall = canvas.light.off(wall)
            coat, trousers, skin = scaled(wall, 0.93), scaled(wall, 0.86), scaled(wall, 1.06)
            hair = scaled(wall, 0.82)
    canvas.begin(PERSON, thing.z)
    _body(canvas, frame, thing.height, rng.uniform(0.05, 0.3), (coat, trousers, skin, hair), rng)


def _body(
    canvas: Canvas,
    frame: Frame,
    height: float,
    stride: float,
    colours: tuple[Colour, ...],
    rng: random.Random,
) -> None:
    coat, trousers, skin, hair = colours
    h, width = height, max(0.07 * height, 1.2 / canvas.camera.scale(frame.z))
    thick = width * canvas.camera.scale(frame.z)
    for foot, tone in ((-stride, 0.85), (stride, 1.0)):
        leg = frame.points((0, 0.5 * h), (foot * 0.4, 0.26 * h), (foot, 0.02 * h))
        canvas.line(leg, scaled(trousers, tone), thick * 1.25)
    canvas.polygon(
        frame.points(
            (-0.11 * h, 0.44 * h),
            (0.11 * h, 0.44 * h),
            (0.13 * h, 0.8 * h),
            (0.06 * h, 0.85 * h),
            (-0.06 * h, 0.85 * h),
            (-0.13 * h, 0.8 * h),
        ),
        coat,
    )
    for side, tone in ((-1, 0.8), (1, 0.92)):
        hand = side * (0.15 + rng.uniform(0, 0.08)) * h
        arm = frame.points(
            (side * 0.12 * h, 0.79 * h), (side * 0.17 * h, 0.62 * h), (hand, 0.46 * h)
        )
        canvas.line(arm, scaled(coat, tone), thick * 0.8)
    canvas.polygon(frame.disc(0, 0.915 * h, 0.068 * h, 1.2), skin)
    canvas.polygon(
        frame.points(
            (-0.07 * h, 0.93 * h),
            (-0.05 * h, h),
            (0.05 * h, h),
            (0.07 * h, 0.93 * h),
            (0, 0.955 * h),
        ),
        hair,
    )


def bicycle_paint(canvas: Canvas, thing: Thing) -> None:
    """A parked bicycle: two spoked wheels and a frame of tubes."""
    _bicycle(canvas, thing, thing.dice())


def cyclist_paint(canvas: Canvas, thing: Thing) -> None:
    """A bicycle and, as an instance of its own, who rides it."""
    rng = thing.dice()
    _rider(canvas, _bicycle(canvas, thing, rng), thing, rng)


def _bicycle(canvas: Canvas, thing: Thing, rng: random.Random) -> Frame:
    """The bicycle; its plane, with u from the rear to the front."""
    x0, z0 = (c - d * 0.85 for c, d in zip((thing.x, thing.z), thing.heading, strict=True))
    frame = Frame(canvas.camera, x0, z0, *thing.heading)
    scale = canvas.camera.scale(thing.z)
    canvas.begin(BICYCLE, thing.z)
    tube = paint(rng)
    for u in (0.34, 1.38):
        rim = frame.disc(u, 0.34, 0.34)
        canvas.line([*rim, rim[0]], (38, 38, 42), scale * 0.05)
        if scale > 40:
            for k in range(6):
                c, s = 0.33 * math.cos(k * math.pi / 6), 0.33 * math.sin(k * math.pi / 6)
                spoke = frame.points((u - c, 0.34 - s), (u + c, 0.34 + s))
                canvas.line(spoke, (178, 180, 184), scale * 0.008)
    crank, seat, head = (0.8, 0.34), (0.66, 0.86), (1.2, 0.88)
    for a, b in (
        ((0.34, 0.34), crank),
        (crank, seat),
        (crank, head),
        (seat, head),
        ((0.34, 0.34), seat),
        ((1.38, 0.34), (1.18, 1.0)),
    ):
        canvas.line(frame.points(a, b), tube, scale * 0.045)
    canvas.line(frame.points((1.08, 1.02), (1.3, 0.98)), (40, 40, 44), scale * 0.05)
    canvas.line(frame.points((0.54, 0.92), (0.8, 0.9)), (40, 40, 44), scale * 0.07)
    return frame


def _rider(canvas: Canvas, frame: Frame, thing: Thing, rng: random.Random) -> None:
    canvas.begin(PERSON, thing.z)
    scale = canvas.camera.scale(thing.z)
    coat, trousers, skin = paint(rng), scaled(paint(rng), 0.75), rng.choice(SKINS)
    canvas.line(frame.points((0.68, 0.95), (1.02, 0.72), (0.84, 0.22)), trousers, scale * 0.14)
    torso = frame.points((0.55, 0.9), (0.82, 0.9), (1.08, 1.38), (0.86, 1.5))
    canvas.polygon(torso, coat)
    canvas.line(
        frame.points((0.98, 1.38), (1.08, 1.15), (1.22, 1.05)), scaled(coat, 0.85), scale * 0.1
    )
    canvas.polygon(frame.disc(1.05, 1.6, 0.12, 1.2), skin)
    canvas.polygon(
        frame.points((0.92, 1.62), (1.02, 1.77), (1.17, 1.7), (1.1, 1.65)), rng.choice(HAIR)
    )

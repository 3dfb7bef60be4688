"""Sailing boats, which nothing on a road looks like, and the wash around everything afloat."""

from __future__ import annotations

import math

from models_zoo.data.scenes.camera import Frame
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import BOAT
from models_zoo.data.scenes.light import mix, paint, scaled
from models_zoo.data.scenes.things.hulls import hull_paint
from models_zoo.data.scenes.things.thing import Thing


def motorboat_paint(canvas: Canvas, thing: Thing) -> None:
    """A motor boat, drawn as a car is, in its wash."""
    _wash(canvas, thing)
    hull_paint(canvas, thing)


def sailboat_paint(canvas: Canvas, thing: Thing) -> None:
    """A hull with a mast, a mainsail and a jib, or with the sails furled."""
    rng = thing.dice()
    _wash(canvas, thing)
    canvas.begin(BOAT, thing.z)
    frame, scale = Frame(canvas.camera, thing.x, thing.z), canvas.camera.scale(thing.z)
    half, sense, mast = thing.length / 2, rng.choice((-1, 1)), thing.height
    body, trim = paint(rng), paint(rng)
    deck = 0.85
    hull = ((-half * 0.86, 0), (half * 0.8, 0), (half, deck), (-half, deck * 0.9))
    canvas.polygon(frame.points(*((sense * u, v) for u, v in hull)), body)
    stripe = (
        (-half * 0.95, deck * 0.6),
        (half * 0.92, deck * 0.62),
        (half, deck),
        (-half, deck * 0.9),
    )
    canvas.detail(frame.points(*((sense * u, v) for u, v in stripe)), trim)
    cabin = (
        (-half * 0.4, deck),
        (half * 0.35, deck),
        (half * 0.2, deck + 0.5),
        (-half * 0.35, deck + 0.5),
    )
    canvas.polygon(
        frame.points(*((sense * u, v) for u, v in cabin)), mix(body, (244, 242, 236), 0.7)
    )
    foot = sense * half * 0.1
    canvas.line(frame.points((foot, deck), (foot, mast)), (120, 96, 72), scale * 0.1)
    if rng.random() < 0.6:
        cloth = mix(paint(rng), (250, 248, 240), rng.uniform(0.3, 1.0))
        boom = foot - sense * half * 0.85
        canvas.polygon(
            frame.points((foot, mast * 0.96), (boom, deck + 0.7), (foot, deck + 0.7)), cloth
        )
        jib = (
            (foot + sense * 0.12, mast * 0.85),
            (sense * half * 0.95, deck + 0.2),
            (foot + sense * 0.12, deck + 0.5),
        )
        canvas.polygon(frame.points(*jib), scaled(cloth, 0.92))
    else:
        canvas.line(
            frame.points((foot, deck + 0.7), (foot - sense * half * 0.8, deck + 0.75)),
            trim,
            scale * 0.16,
        )


def _wash(canvas: Canvas, thing: Thing) -> None:
    """Foam on the water around the waterline; it stays water."""
    light = mix(canvas.light.on((240, 246, 250)), canvas.light.horizon, 0.3)
    hx = (abs(thing.heading[0]) * thing.length + abs(thing.heading[1]) * thing.width) / 2
    hz = thing.z - thing.nearest
    for grow, alpha in ((1.28, 60), (1.12, 110)):
        ring = [
            canvas.camera.point(
                thing.x + hx * grow * math.cos(a / 3),
                0.0,
                thing.z + (hz * grow + 0.15) * math.sin(a / 3),
            )
            for a in range(19)
        ]
        canvas.glaze(ring, light, alpha)

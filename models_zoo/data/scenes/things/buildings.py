"""Houses and skyscrapers: the same walls and windows, told apart by how far they rise."""

from __future__ import annotations

import random
from typing import Any

from models_zoo.data.scenes.camera import Frame, Point
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import SIGN
from models_zoo.data.scenes.light import Colour, mix, paint, scaled
from models_zoo.data.scenes.things.thing import Thing

WINDOW: Colour = (72, 88, 106)
LAMPLIGHT: Colour = (255, 214, 138)
ROOFS = ((142, 74, 56), (96, 84, 82), (74, 80, 94), (168, 110, 74), (120, 52, 48))
MAX_WINDOWS = 170  # a face with more of them, or too far to show them, gets bands


def building_paint(canvas: Canvas, thing: Thing) -> None:
    """A house or a skyscraper; length is along x, width along z."""
    _building(canvas, thing, thing.dice())


def shop_paint(canvas: Canvas, thing: Thing) -> None:
    """A building with a board over its ground floor, in nearly the wall's colour."""
    rng = thing.dice()
    wall = _building(canvas, thing, rng)
    front = Frame(canvas.camera, thing.x - thing.length / 2, thing.nearest)
    _board(canvas, front, thing.length, wall, rng)


def _building(canvas: Canvas, thing: Thing, rng: random.Random) -> Colour:
    """A box of storeys, with a pitched roof where it is low; the front wall's colour."""
    canvas.begin(thing.class_id, thing.z, twin=True)
    x0, x1 = thing.x - thing.length / 2, thing.x + thing.length / 2
    z0, z1 = thing.nearest, thing.nearest + thing.width
    wall, style = paint(rng), _style(rng)
    pitched = thing.height < 11 and rng.random() < 0.6
    if pitched:
        _roof(canvas, (x0, x1, z0, z1), thing.height, wall, rng)
    if x1 < 0 or x0 > 0:
        side = Frame(canvas.camera, x1 if x1 < 0 else x0, z0, 0.0, 1.0)
        shade = canvas.light.facing(1.0 if x1 < 0 else -1.0, 0.0)
        _wall(canvas, side, thing.width, thing.height, scaled(wall, shade), style, rng)
    front = Frame(canvas.camera, x0, z0)
    shade = canvas.light.facing(0.0, -1.0)
    _wall(canvas, front, thing.length, thing.height, scaled(wall, shade), style, rng)
    if not pitched:
        _crown(canvas, front, thing, scaled(wall, shade * 0.8), rng)
    return scaled(wall, shade)


def _style(rng: random.Random) -> dict[str, Any]:
    """What all faces of one building share, in metres."""
    return {
        "storey": rng.uniform(2.8, 3.6),
        "bay": rng.uniform(1.9, 3.2),
        "w": rng.uniform(0.42, 0.72),
        "h": rng.uniform(0.45, 0.68),
        "frame": rng.random() < 0.6,
        "brick": rng.random() < 0.35,
        "glass": scaled(WINDOW, rng.uniform(0.7, 1.5)),
    }


def _wall(
    canvas: Canvas,
    frame: Frame,
    length: float,
    height: float,
    colour: Colour,
    style: dict[str, Any],
    rng: random.Random,
) -> None:
    """One face with its windows."""
    canvas.polygon(frame.quad(0, 0, length, height), colour)
    scale = canvas.camera.scale(frame.z + frame.dz * length / 2)
    if style["brick"] and scale > 14:
        for k in range(1, int(height / 0.5)):
            line = frame.points((0, k * 0.5), (length, k * 0.5))
            canvas.stroke(line, scaled(colour, 0.9))
    floors, bays = max(1, int(height / style["storey"])), max(1, int(length / style["bay"]))
    if floors * bays > MAX_WINDOWS or scale * style["bay"] < 5:
        _bands(canvas, frame, length, height, floors, style)
        return
    step_u, step_v = length / bays, height / floors
    pad_u, sill = step_u * (1 - style["w"]) / 2, step_v * (1 - style["h"]) * 0.55
    doorway = rng.randrange(bays)
    for floor in range(floors):
        for bay in range(bays):
            u, v = bay * step_u + pad_u, floor * step_v + sill
            lit = rng.random() < canvas.light.lit
            if floor == 0 and bay == doorway:
                door = frame.quad(u, 0, u + step_u * 0.5, min(2.3, step_v * 0.8))
                canvas.detail(door, scaled(paint(rng), 0.6))
                continue
            if style["frame"] and scale > 16:
                rim = frame.quad(
                    u - 0.12,
                    v - 0.12,
                    u + step_u * style["w"] + 0.12,
                    v + step_v * style["h"] + 0.12,
                )
                canvas.detail(rim, mix(colour, (246, 244, 238), 0.7))
            pane = frame.quad(u, v, u + step_u * style["w"], v + step_v * style["h"])
            glass = scaled(LAMPLIGHT, rng.uniform(0.7, 1.0)) if lit else style["glass"]
            canvas.detail(pane, glass, glow=lit)
            if scale > 30:
                _muntins(canvas, frame, (u, v), step_u * style["w"], step_v * style["h"], colour)


def _muntins(canvas: Canvas, frame: Frame, foot: Point, w: float, h: float, colour: Colour) -> None:
    """The bars of a window, when it is near."""
    (u, v), bar = foot, mix(colour, (246, 244, 238), 0.6)
    canvas.stroke(frame.points((u + w / 2, v), (u + w / 2, v + h)), bar, 2)
    canvas.stroke(frame.points((u, v + h * 0.6), (u + w, v + h * 0.6)), bar, 2)
    canvas.glaze(
        frame.points((u, v + h), (u + w * 0.4, v + h), (u, v + h * 0.3)), (240, 246, 255), 38
    )


def _bands(
    canvas: Canvas, frame: Frame, length: float, height: float, floors: int, style: dict[str, Any]
) -> None:
    """Far or many windows: one band a storey, cut by piers."""
    step = height / floors
    if canvas.camera.scale(frame.z + frame.dz * length / 2) * step < 2.2:
        return
    for floor in range(floors):
        band = frame.quad(length * 0.04, (floor + 0.25) * step, length * 0.96, (floor + 0.8) * step)
        canvas.glaze(band, canvas.light.on(style["glass"]), 150)
        if canvas.light.lit > 0.2 and floor * 7919 % 5 < 2:
            u = (floor * 2654435761 % 97) / 130 * length
            spot = frame.quad(u, (floor + 0.25) * step, u + length * 0.2, (floor + 0.8) * step)
            canvas.detail(spot, LAMPLIGHT, glow=True)


def _roof(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    height: float,
    wall: Colour,
    rng: random.Random,
) -> None:
    """A pitched roof with its ridge along x or along z, and a chimney."""
    x0, x1, z0, z1 = box
    rise, colour = rng.uniform(1.8, 3.6), scaled(rng.choice(ROOFS), rng.uniform(0.8, 1.2))
    point, eave, top = canvas.camera.point, height, height + rise
    xm, zm = (x0 + x1) / 2, (z0 + z1) / 2
    if rng.random() < 0.5:  # ridge along x: the slope faces the camera
        if x1 < 0 or x0 > 0:
            xs = x1 if x1 < 0 else x0
            canvas.polygon(
                [point(xs, eave, z0), point(xs, top, zm), point(xs, eave, z1)], scaled(wall, 0.85)
            )
        slope = [
            point(x0 - 0.3, eave, z0),
            point(x1 + 0.3, eave, z0),
            point(x1, top, zm),
            point(x0, top, zm),
        ]
    else:  # ridge along z: a gable faces the camera
        xs = x1 + 0.3 if xm < 0 else x0 - 0.3
        slope = [point(xs, eave, z0), point(xs, eave, z1), point(xm, top, z1), point(xm, top, z0)]
        canvas.polygon(
            [point(x0 - 0.3, eave, z0), point(x1 + 0.3, eave, z0), point(xm, top, z0)],
            scaled(colour, 0.9),
        )
        canvas.detail(
            [point(x0 + 0.4, eave, z0), point(x1 - 0.4, eave, z0), point(xm, top - 0.6, z0)], wall
        )
    canvas.polygon(slope, scaled(colour, 1.05))
    for share in (0.25, 0.5, 0.75):
        ends = [
            (p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share)
            for p, q in ((slope[0], slope[3]), (slope[1], slope[2]))
        ]
        canvas.stroke(ends, scaled(colour, 0.85))


def _crown(canvas: Canvas, front: Frame, thing: Thing, colour: Colour, rng: random.Random) -> None:
    """A parapet, now and then a smaller storey on top, as houses and towers alike have."""
    canvas.polygon(front.quad(-0.15, thing.height, thing.length + 0.15, thing.height + 0.5), colour)
    if rng.random() < 0.45:
        share = rng.uniform(0.15, 0.3)
        upper = thing.height + rng.uniform(1.5, 3.5)
        inset = front.quad(thing.length * share, thing.height, thing.length * (1 - share), upper)
        canvas.polygon(inset, scaled(colour, 1.1))


def _board(canvas: Canvas, front: Frame, length: float, wall: Colour, rng: random.Random) -> None:
    """A board with letters on the front wall, `length` metres long."""
    canvas.begin(SIGN, front.z)
    u, w = length * rng.uniform(0.08, 0.3), length * rng.uniform(0.4, 0.6)
    canvas.polygon(front.quad(u, 2.6, u + w, 3.7), scaled(wall, rng.choice((0.9, 1.1))))
    for k in range(int(w / 0.7)):
        left = u + 0.3 + k * 0.7
        if left + 0.4 < u + w:
            letter = front.quad(left, 2.9, left + 0.4, rng.uniform(3.2, 3.45))
            canvas.detail(letter, scaled(wall, rng.choice((0.8, 1.2))))

"""Buses with one deck or two, whose windows are cut like those of houses."""

from __future__ import annotations

import random

from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import BUS
from models_zoo.data.scenes.light import Colour, mix, paint, scaled
from models_zoo.data.scenes.things.hulls import (
    GLASS,
    WARM,
    end_tyres_paint,
    lamps_paint,
    tyre_paint,
)
from models_zoo.data.scenes.things.solid import Outline, Prism
from models_zoo.data.scenes.things.thing import Thing


def bus_paint(canvas: Canvas, thing: Thing) -> None:
    """A bus with one deck or two: windows, doors and wheels belong to it."""
    rng = thing.dice()
    length, height = thing.length, thing.height
    canvas.begin(BUS, thing.z)
    body, trim = paint(rng), paint(rng)
    slope = rng.uniform(0.0, 0.25)
    outline: Outline = [
        (0, 0.32, "body"),
        (0, height, "roof"),
        (length - slope, height, "body"),
        (length, 1.0, "body"),
        (length, 0.32, "none"),
    ]
    prism = Prism(canvas, thing.x, thing.z, thing.heading, length, thing.width)
    skin = {"body": body, "roof": mix(body, (240, 240, 240), 0.4)}
    end_tyres_paint(prism)
    prism.paint(outline, skin.__getitem__)
    decks = [(1.25, 2.3)] if height < 3.6 else [(1.2, 2.1), (2.75, 3.7)]
    if prism.flank_seen:
        _bus_flank(prism, decks, body, trim, rng)
    _bus_end(prism, decks, rng)
    lamps_paint(prism, 1.0, 0.0, canvas.light.lit > 0.2)


def _bus_flank(
    prism: Prism, decks: list[tuple[float, float]], body: Colour, trim: Colour, rng: random.Random
) -> None:
    canvas, length, facing = prism.canvas, prism.length, prism.canvas.light.facing(*prism.normal)
    canvas.detail(prism.box(0, 0.62, length, 0.95), scaled(trim, facing))
    lit = rng.random() < canvas.light.lit * 1.5
    panes = round(length / rng.uniform(1.3, 1.7))
    glass = WARM if lit else scaled(GLASS, rng.uniform(0.9, 1.5))
    for v0, v1 in decks:
        for k in range(panes):
            u0, u1 = 0.25 + k * (length - 0.5) / panes, 0.25 + (k + 0.9) * (length - 0.5) / panes
            canvas.detail(prism.box(u0, v0, u1, v1), glass, glow=lit)
            canvas.glaze(prism.flank((u0, v1), (u0 + 0.4, v1), (u0, v0)), (235, 244, 255), 46)
    for u in (length - 1.6, length * 0.46):
        door = prism.box(u, 0.4, u + 1.15, 2.35)
        canvas.detail(door, scaled(body, facing * 0.75))
        for a in (0.08, 0.62):
            canvas.detail(prism.box(u + a, 0.6, u + a + 0.45, 2.25), scaled(GLASS, 1.25))
    if len(decks) == 2:
        canvas.detail(prism.box(length * 0.1, 2.2, length * 0.7, 2.68), paint(rng))
    for u in (0.22 * length, 0.72 * length):
        tyre_paint(prism, u, 0.48)


def _bus_end(prism: Prism, decks: list[tuple[float, float]], rng: random.Random) -> None:
    end = prism.end_seen()
    if end is None:
        return
    canvas = prism.canvas
    for v0, v1 in decks:
        canvas.detail(prism.across(end, v0, v1 + 0.1, -0.86, 0.86), scaled(GLASS, 1.15))
        shine = [prism.point(end, v1 + 0.1, s) for s in (-0.6, -0.2)] + [prism.point(end, v0, -0.8)]
        canvas.glaze(shine, (235, 244, 255), 50)
    board = prism.across(end, decks[-1][1] + 0.2, decks[-1][1] + 0.48, -0.6, 0.6)
    canvas.detail(board, (22, 22, 26))
    text = prism.across(end, decks[-1][1] + 0.27, decks[-1][1] + 0.4, -0.45, rng.uniform(0, 0.45))
    canvas.detail(text, (255, 178, 60), glow=True)

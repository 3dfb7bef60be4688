"""Sky, hills and trees."""

from __future__ import annotations

import math
import random

from models_zoo.data.scenes.camera import Frame
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import SKY, TERRAIN, TREE
from models_zoo.data.scenes.ground import GROUND
from models_zoo.data.scenes.light import mix, scaled
from models_zoo.data.scenes.things.thing import Thing

LEAVES = ((70, 118, 58), (96, 138, 66), (52, 92, 60), (170, 140, 60), (176, 98, 52), (120, 132, 96))


def sky_paint(canvas: Canvas, rng: random.Random) -> None:
    """A gradient with sun and clouds; it covers the whole picture."""
    light, camera = canvas.light, canvas.camera
    # The first surface, and so the owner of all that nothing else covers: details suffice.
    canvas.begin(SKY, math.inf)
    steps = 40
    for k in range(steps):
        y0, y1 = (camera.horizon * j / steps for j in (k, k + 1))
        tone = mix(light.zenith, light.horizon, (k / steps) ** 1.4)
        canvas.detail(
            [(0, y0), (camera.width, y0), (camera.width, y1 + 1), (0, y1 + 1)], tone, glow=True
        )
    if light.shadow_alpha > 40 and not light.rain:
        x, y = light.sun[0] * camera.width, light.sun[1] * camera.horizon
        for radius, alpha in ((0.22, 24), (0.13, 40), (0.07, 80), (0.035, 255)):
            r = radius * camera.horizon * 1.6
            disc = [(x + r * math.cos(a / 4), y + r * math.sin(a / 4)) for a in range(25)]
            canvas.glaze(disc, mix((255, 246, 214), light.horizon, 0.2), alpha)
    for _ in range(rng.randint(0, 6)):
        _cloud(canvas, rng)


def _cloud(canvas: Canvas, rng: random.Random) -> None:
    """Overlapping see-through puffs on a flat base."""
    camera, light = canvas.camera, canvas.light
    x, y = rng.uniform(-0.1, 1.1) * camera.width, rng.uniform(0.08, 0.75) * camera.horizon
    size = rng.uniform(0.05, 0.13) * camera.width
    tone = mix(light.horizon, (255, 255, 255), 0.55 if light.time != "night" else 0.05)
    for share, alpha in ((1.0, 90), (0.72, 90)):
        puffs = []
        for _ in range(rng.randint(5, 8)):
            dx, r = rng.uniform(-1.5, 1.5) * size, rng.uniform(0.3, 0.75) * size * share
            puffs.append(
                [
                    (x + dx + r * math.cos(a / 3), y - r * 0.5 * max(-0.2, math.sin(a / 3)))
                    for a in range(19)
                ]
            )
        canvas.veil(puffs, tone, alpha)


def hills_paint(canvas: Canvas, rng: random.Random) -> None:
    """Up to three ridges, each nearer one darker, then the plain the strips lie on."""
    camera = canvas.camera
    base = rng.choice(GROUND[TERRAIN] + LEAVES[:3])
    for k in range(rng.choice((0, 1, 2, 3))):
        distance = 2600.0 / (k + 1)
        canvas.begin(TERRAIN, distance)
        rise = rng.uniform(0.04, 0.22) / (k + 1) * camera.horizon * 2
        f, g, p, q = rng.uniform(1, 3), rng.uniform(4, 9), rng.uniform(0, 6), rng.uniform(0, 6)
        ridge = []
        for i in range(41):
            t = i / 40
            height = 0.55 + 0.35 * math.sin(f * t * 3 + p) + 0.1 * math.sin(g * t * 3 + q)
            ridge.append((t * camera.width, camera.horizon - rise * height))
        canvas.polygon(
            [*ridge, (camera.width, camera.horizon + 2), (0, camera.horizon + 2)],
            scaled(base, 0.8 + 0.1 * k),
        )
    canvas.begin(TERRAIN)
    edge = [(0, camera.horizon), (camera.width, camera.horizon)]
    corners = [*edge, (camera.width, camera.height), (0, camera.height)]
    canvas.polygon(corners, scaled(rng.choice(GROUND[TERRAIN]), rng.uniform(0.8, 1.2)))


def tree_paint(canvas: Canvas, thing: Thing) -> None:
    """A trunk and a crown of leaves: round, poplar or fir."""
    rng = thing.dice()
    canvas.begin(TREE, thing.z)
    frame, scale = Frame(canvas.camera, thing.x, thing.z), canvas.camera.scale(thing.z)
    height, radius = thing.height, thing.length / 2
    leaf = rng.choice(LEAVES)
    trunk, side = scaled((98, 76, 60), rng.uniform(0.7, 1.2)), -canvas.light.shadow[0]
    canvas.polygon(
        frame.points(
            (-0.05 * radius - 0.1, 0),
            (0.05 * radius + 0.1, 0),
            (0.05, height * 0.5),
            (-0.05, height * 0.5),
        ),
        trunk,
    )
    if rng.random() < 0.22:
        for k in range(5):
            v, w = height * (0.15 + 0.16 * k), radius * (1 - 0.17 * k)
            tier = frame.points((-w, v), (w, v), (0, min(height, v + height * 0.34)))
            canvas.polygon(tier, scaled(leaf, 0.7 + 0.07 * k))
        return
    middle, rise = height * 0.64, height * 0.36
    puffs = 20 if scale * radius > 14 else 9
    for k in range(puffs):
        angle, reach = rng.uniform(0, 2 * math.pi), rng.random() ** 0.5 * 0.75
        u, v = radius * reach * math.cos(angle), middle + rise * reach * math.sin(angle)
        size = radius * rng.uniform(0.28, 0.5)
        bright = 0.82 + 0.22 * (v - middle) / rise + 0.10 * side * u / radius + 0.08 * k / puffs
        canvas.ellipse(frame.point(u, v), size * scale, size * scale * 0.85, scaled(leaf, bright))

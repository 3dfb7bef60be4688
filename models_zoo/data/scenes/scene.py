"""From a seed to a picture, its mask and the facts of its instances."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from models_zoo.data.scenes.camera import Point
from models_zoo.data.scenes.canvas import SUPERSAMPLING, Canvas
from models_zoo.data.scenes.facts import Instance, instances_collect
from models_zoo.data.scenes.ground import strip_paint
from models_zoo.data.scenes.light import light_draw
from models_zoo.data.scenes.population import Population
from models_zoo.data.scenes.things.furniture import fence_paint
from models_zoo.data.scenes.things.nature import hills_paint, sky_paint
from models_zoo.data.scenes.things.thing import Thing, dice
from models_zoo.data.scenes.weather import weather_apply
from models_zoo.data.scenes.world import GROUNDS, Plan, plan_draw
from models_zoo.translation import gettext_noop as _

SPLITS = ("train", "val", "test")
# Seeds of one split: so many that none ever runs on into the next.
_SPLIT_SIZE = 1 << 40
# Below it the weather's middle blotches, a 32nd of the height, would be no pixel high.
SMALLEST = 32  # pixels a side


@dataclass(frozen=True)
class Scene:
    """A picture with the truth about it.

    image uint8 H×W×3; mask uint8 H×W of class ids; instance_map uint16 H×W, where each pixel has
    the id of its Instance (sky, ground and trees have values too, but no Instance).
    """

    image: np.ndarray
    mask: np.ndarray
    instance_map: np.ndarray
    instances: list[Instance]


def split_seed(split: str, index: int) -> int:
    """The seed of scene `index` of a split; splits never share a seed. ValueError if unknown."""
    if split not in SPLITS:
        raise ValueError(_(f"Unknown split {split!r}. Known: {', '.join(SPLITS)}."))
    if not 0 <= index < _SPLIT_SIZE:
        raise ValueError(_(f"The index of a scene is 0 to {_SPLIT_SIZE - 1}, not {index}."))
    return SPLITS.index(split) * _SPLIT_SIZE + index


def draw(*, seed: int, height: int, width: int) -> Scene:
    """The scene of `seed` at height × width pixels: the same world at every size.

    ValueError when a side is under 32 pixels.
    """
    if min(height, width) < SMALLEST:
        raise ValueError(_(f"A scene has at least {SMALLEST} pixels a side, not {height}×{width}."))
    rng = dice(seed)
    plan, light = plan_draw(rng), light_draw(rng)
    things = Population(plan, rng).fill()
    canvas = Canvas(plan.camera(height * SUPERSAMPLING, width * SUPERSAMPLING), light)
    _paint(canvas, plan, things, dice(f"ground {seed}"))
    picture, owner = canvas.finish()
    image = weather_apply(canvas, picture, owner, _shore(plan, canvas), seed)
    mask = np.array([s.class_id for s in canvas.surfaces], np.uint8)[owner]
    # After the weather: contrast is a fact of the finished picture, not an intention.
    instances = instances_collect(canvas.surfaces, owner, image)
    return Scene(image, mask, owner.astype(np.uint16), instances)


def _paint(canvas: Canvas, plan: Plan, things: list[Thing], rng: random.Random) -> None:
    """Sky first, then the ground with its shadows, then every thing from far to near."""
    sky_paint(canvas, rng)
    hills_paint(canvas, rng)
    for strip in sorted(plan.strips, key=lambda strip: -strip.rank):
        if strip.kind in GROUNDS:
            # The nearest strip runs to the camera's feet, and so beyond the picture's lower edge.
            to_feet = not plan.along and strip is plan.strips[0]
            lo = 0.9 if to_feet else strip.lo
            strip_paint(canvas, GROUNDS[strip.kind], plan.along, lo, strip.hi, strip.lanes, rng)
    # A fence is seen through; its box would throw the shadow of a wall.
    shadows = [_shadow(canvas, thing) for thing in things if thing.paint is not fence_paint]
    canvas.veil(shadows, (18, 20, 38), canvas.light.shadow_alpha)
    for thing in things:
        thing.paint(canvas, thing)


def _shadow(canvas: Canvas, thing: Thing) -> list[Point]:
    """The ground that a thing's box keeps from the sun, as a polygon."""
    hx = (abs(thing.heading[0]) * thing.length + abs(thing.heading[1]) * thing.width) / 2
    sx, sz = (c * thing.height for c in canvas.light.shadow)
    lo, hi = thing.nearest, 2 * thing.z - thing.nearest
    near, far = (lo, lo + sz) if sz < 0 else (hi, hi + sz)
    corners = ((-hx, lo), (hx, lo), (hx, hi), (hx + sx, far), (-hx + sx, far), (-hx, near))
    return [canvas.camera.point(thing.x + x, 0.0, z) for x, z in corners]


def _shore(plan: Plan, canvas: Canvas) -> float:
    """The row at which water mirrors: its far edge, or the horizon where it runs to it."""
    camera = canvas.camera
    row = camera.horizon
    if not plan.along:
        water = next((strip for strip in plan.strips if strip.kind == "W"), None)
        row = camera.point(0, 0, water.hi)[1] if water else row
    return row / SUPERSAMPLING

"""The town: rows of houses along the streets, and the skyline behind everything."""

from __future__ import annotations

import random

from models_zoo.data.scenes.classes import BUILDING, SKYSCRAPER
from models_zoo.data.scenes.things.buildings import building_paint, shop_paint
from models_zoo.data.scenes.things.nature import tree_paint
from models_zoo.data.scenes.things.thing import Thing
from models_zoo.data.scenes.world import Strip

REACH = 100.0  # metres along the view that are populated
SKYLINE = 10_000.0  # rank of what stands behind every strip
LOWEST_TOWER = 50.0  # metres; nearer, a tower rises out of the picture and no one could tell


def skyline_draw(rng: random.Random, leafy: float) -> list[Thing]:
    """Towers and houses far behind, in clusters, and a far line of trees."""
    things = []
    for _ in range(rng.choice((0, 1, 1, 2))):
        centre, spread = rng.uniform(-0.45, 0.45), rng.uniform(0.1, 0.4)
        for _ in range(rng.randint(3, 8)):
            z = rng.uniform(90, 420)
            x = (centre + rng.uniform(-spread, spread)) * z
            tower = rng.random() < 0.72
            height = max(36.0, z * rng.uniform(0.2, 0.42)) if tower else rng.uniform(9, 20)
            width = rng.uniform(16, 34) if tower else rng.uniform(14, 40)
            things.append(_building(rng, (x, z), (width, width, height), SKYLINE, tower))
    for _ in range(round(leafy * rng.uniform(0, 14))):
        z, size = rng.uniform(110, 160), rng.uniform(6, 14)
        x, seed = rng.uniform(-0.6, 0.6) * z, rng.getrandbits(32)
        things.append(Thing(tree_paint, x, z, size, 1, size, seed, SKYLINE - 1))
    return things


def row_draw(rng: random.Random, strip: Strip, along: bool, disguise: float) -> list[Thing]:
    """A row of houses with gaps, here and there a tower among them.

    `disguise` is the share of things that hide, here of boards in the colour of their house.
    """
    things = []
    s, end = (rng.uniform(2, 9), REACH) if along else (-0.8 * strip.lo - 8, 0.8 * strip.lo + 8)
    while s < end:
        width, deep = rng.uniform(7, 15), rng.uniform(8, 12)
        tower = rng.random() < 0.2 and (s if along else strip.lo) > LOWEST_TOWER
        height = rng.uniform(38, 90) if tower else rng.uniform(5, 17)
        edge = strip.hi - deep / 2 if strip.hi <= 0 else strip.lo + deep / 2
        place = (edge, s + width / 2) if along else (s + width / 2, edge)
        size = (deep, width, height) if along else (width, deep, height)
        shop = rng.random() < disguise * (0.5 if along else 0.7)
        things.append(_building(rng, place, size, strip.rank + 0.01, tower, shop))
        s += width + (rng.uniform(2, 14) if rng.random() < 0.3 else 0.05)
    return things


def _building(
    rng: random.Random,
    place: tuple[float, float],
    size: tuple[float, float, float],
    rank: float,
    tower: bool,
    shop: bool = False,
) -> Thing:
    kind = SKYSCRAPER if tower else BUILDING
    seed = rng.getrandbits(32)
    painter = shop_paint if shop else building_paint
    return Thing(painter, *place, *size, seed, rank, class_id=kind)

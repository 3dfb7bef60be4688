"""Who and what stands on the strips of a plan, from houses to bicycles."""

from __future__ import annotations

import random
from typing import Any

from models_zoo.data.scenes.classes import BOAT, CAR
from models_zoo.data.scenes.things.boats import motorboat_paint, sailboat_paint
from models_zoo.data.scenes.things.buses import bus_paint
from models_zoo.data.scenes.things.furniture import fence_paint, lamp_paint, sign_paint
from models_zoo.data.scenes.things.hulls import hull_paint
from models_zoo.data.scenes.things.nature import tree_paint
from models_zoo.data.scenes.things.people import bicycle_paint, cyclist_paint, person_paint
from models_zoo.data.scenes.things.thing import Painter, Thing
from models_zoo.data.scenes.town import REACH, row_draw, skyline_draw
from models_zoo.data.scenes.world import Plan, Strip

Size = tuple[float, float, float]  # length, width, height in metres


class Population:
    """Fills a plan with things, all drawn from one generator."""

    def __init__(self, plan: Plan, rng: random.Random) -> None:
        self.plan, self.rng = plan, rng
        self.things: list[Thing] = []
        self.leafy = rng.uniform(0.3, 1.0)
        self.busy = rng.uniform(0.5, 1.6)
        self.disguise = rng.uniform(0.1, 0.6)
        self.large_bus = rng.random() < 0.34

    def fill(self) -> list[Thing]:
        """All things, the farthest strip first, in a strip the farthest thing first."""
        self.things += skyline_draw(self.rng, self.leafy)
        fillers = {
            "B": self._lots,
            "R": self._road,
            "P": self._pavement,
            "T": self._terrain,
            "W": self._water,
            "F": self._fence,
        }
        for strip in self.plan.strips:
            fillers[strip.kind](strip)
        return sorted(self.things, key=lambda thing: (-thing.rank, -thing.nearest))

    def _add(
        self, paint: Painter, s: float, t: float, size: Size, rank: float, **facts: Any
    ) -> None:
        """A thing at s along the strip and t across it."""
        x, z = (t, s) if self.plan.along else (s, t)
        self.things.append(
            # A seed for each: one thing's details do not shift when another draws more.
            Thing(paint, x, z, *size, seed=self.rng.getrandbits(32), rank=rank, **facts)
        )

    def _range(self, t: float, first: float = 4.0) -> tuple[float, float]:
        """The stretch of a strip that can be seen, in metres along it."""
        return (first, REACH) if self.plan.along else (-0.75 * t - 2, 0.75 * t + 2)

    def _spot(self, t: float, first: float = 4.0) -> float:
        """A place along a strip; along the view near places are likelier."""
        lo, hi = self._range(t, first)
        return (
            lo + (min(hi, 70.0) - lo) * self.rng.random() ** 2
            if self.plan.along
            else self.rng.uniform(lo, hi)
        )

    def _lots(self, strip: Strip) -> None:
        self.things += row_draw(self.rng, strip, self.plan.along, self.disguise)

    def _road(self, strip: Strip) -> None:
        lane_width = (strip.hi - strip.lo) / strip.lanes
        widest = max(range(strip.lanes), key=lambda k: -abs(abs(strip.lo + k * lane_width) - 2.5))
        for k in range(strip.lanes):
            lane = Strip("R", strip.lo + k * lane_width, strip.lo + (k + 1) * lane_width)
            large = self.large_bus and k == (widest if self.plan.along else 0)
            self._lane(
                lane, CAR, 9.0 / self.busy, 1.0 if lane.lo > -lane_width / 2 else -1.0, large
            )
            if self.rng.random() < 0.25:
                self._bicycle(lane, (lane.lo + lane.hi) / 2, ridden=True)

    def _lane(self, lane: Strip, class_id: int, gap: float, sense: float, large: bool) -> None:
        """Vehicles one after the other: cars and buses on a road, boats on water."""
        rng, along = self.rng, self.plan.along
        t = (lane.lo + lane.hi) / 2
        first = rng.uniform(5, 9) if abs(t) > 2 else rng.uniform(8, 14)
        s, end = self._range(t, first)
        heading = (0.0, sense) if along else (rng.choice((-1.0, 1.0)), 0.0)
        if large:
            s = s if along else rng.uniform(-5, -2)
        else:
            s += rng.uniform(0, gap)
        while s < end:
            if class_id == CAR and (large or rng.random() < 0.11):
                size = (rng.uniform(8, 12), 2.5, rng.choice((3.0, 3.2, 4.3)))
                paint = bus_paint
            else:
                size = (rng.uniform(3.6, 5.2), rng.uniform(1.65, 2.0), rng.uniform(1.35, 1.9))
                paint = hull_paint if class_id == CAR else motorboat_paint
                if class_id == BOAT and rng.random() < 0.3:
                    size, paint = (rng.uniform(4.5, 8), 2.0, rng.uniform(6, 10)), sailboat_paint
            shift = rng.uniform(-0.3, 0.3)
            self._add(
                paint,
                s + size[0] / 2,
                t + shift,
                size,
                lane.rank,
                heading=heading,
                class_id=class_id,
            )
            s += size[0] + rng.uniform(0.3, 2.0) * gap + (0.15 * s if along else 0)
            large = False

    def _water(self, strip: Strip) -> None:
        """Boats in lanes as wide as their wakes, with water between."""
        t, lane = strip.lo + 1.6, 4.5
        gap = 4.0 if self.plan.along else 12.0
        while t + 2 < strip.hi and t < 60:
            # Fewer rows across the view: boats seen from the flank and cars seen from behind were
            # told apart by their boxes' proportions.
            if self.rng.random() < (0.85 if self.plan.along else 0.55):
                row = Strip("W", t, t + 2.4)
                self._lane(
                    row, BOAT, gap * (1 + 0.03 * abs(t)), self.rng.choice((-1.0, 1.0)), False
                )
            t += lane * self.rng.uniform(1.0, 1.8)

    def _pavement(self, strip: Strip) -> None:
        rng, middle = self.rng, (strip.lo + strip.hi) / 2
        edge = strip.hi - 0.4 if abs(strip.hi) < abs(strip.lo) else strip.lo + 0.4
        step, (s, end) = rng.uniform(11, 20), self._range(middle, rng.uniform(5, 12))
        arm, height = rng.choice((0.3, 1.5, 1.5)), rng.uniform(4.5, 7.5)
        while s < min(end, 65):
            self._add(lamp_paint, s, edge, (arm, 0.2, height if arm > 1 else 3.4), strip.rank)
            s += step
        for _ in range(round(rng.uniform(1, 6) * self.busy)):
            self._person(strip, strip.lo + rng.uniform(0.3, 1) * (strip.hi - strip.lo) * 0.8)
        for _ in range(rng.randint(1, 4)):
            self._add(
                sign_paint,
                self._spot(middle, 7),
                edge,
                (rng.uniform(0.6, 1.1), 0.1, rng.uniform(2.2, 3.2)),
                strip.rank,
                hidden=rng.random() < self.disguise,
            )
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self._bicycle(strip, middle, ridden=rng.random() < 0.3)
        if rng.random() < self.leafy * 0.5 and (self.plan.along or middle > 11):
            for _ in range(rng.randint(1, 4)):
                self._tree(strip, edge, rng.uniform(3.5, 7))

    def _person(self, strip: Strip, t: float) -> None:
        height = self.rng.uniform(1.2, 1.92) if self.rng.random() < 0.9 else 1.05
        self._add(
            person_paint,
            self._spot(t, 5),
            t,
            (0.5, 0.4, height),
            strip.rank,
            hidden=self.rng.random() < self.disguise,
        )

    def _bicycle(self, strip: Strip, t: float, ridden: bool) -> None:
        angle = self.rng.choice(((1.0, 0.0), (-1.0, 0.0), (0.8, 0.6), (0.8, -0.6), (-0.6, 0.8)))
        self._add(
            cyclist_paint if ridden else bicycle_paint,
            self._spot(t, 5),
            t,
            (1.75, 0.4, 1.1),
            strip.rank,
            heading=angle,
        )

    def _tree(self, strip: Strip, t: float, height: float) -> None:
        crown = height * self.rng.uniform(0.45, 0.8)
        self._add(tree_paint, self._spot(t, 10), t, (crown, crown, height), strip.rank)

    def _terrain(self, strip: Strip) -> None:
        rng = self.rng
        area = min(strip.hi - strip.lo, 25)
        for _ in range(round(self.leafy * rng.uniform(0.2, 0.7) * area)):
            t = strip.lo + rng.random() * area if strip.hi > 0 else strip.hi - rng.random() * area
            tall = abs(t) > (7 if self.plan.along else 13)
            self._tree(strip, t, rng.uniform(3, 9) if tall else rng.uniform(0.8, 1.6))
        for _ in range(rng.choice((0, 0, 1, 2))):
            self._person(strip, rng.uniform(strip.lo, strip.lo + area))

    def _fence(self, strip: Strip) -> None:
        along, length = self.plan.along, 75.0 if self.plan.along else 1.6 * strip.lo + 8
        start = (strip.lo, 2.0) if along else (-length / 2, strip.lo)
        self.things.append(
            Thing(
                fence_paint,
                *start,
                length,
                0.1,
                self.rng.uniform(0.9, 1.25),
                self.rng.getrandbits(32),
                strip.rank,
                (0.0, 1.0) if along else (1.0, 0.0),
            )
        )

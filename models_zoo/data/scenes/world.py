"""The plan of a scene: strips of ground, along the view or across it, in metres."""

from __future__ import annotations

import random
from dataclasses import dataclass

from models_zoo.data.scenes.camera import Camera
from models_zoo.data.scenes.classes import PAVEMENT, ROAD, TERRAIN, WATER

# Strips from left to right (along) or from near to far (across): Building lots, Pavement, Road,
# Terrain, Water, Fence. Weights make water about as frequent as roads without any.
_LAYOUTS = (
    (0.14, True, "BPRPB"),
    (0.16, True, "BPRPFTWT"),
    (0.17, True, "BPRPFWT"),
    (0.06, True, "TPRPB"),
    (0.23, False, "PRPFWTB"),
    (0.17, False, "TWTFRPB"),
    (0.07, False, "PRPB"),
)
_WIDTHS = {  # metres, along and across the view
    "B": ((12, 12), (9, 9)),
    "P": ((2.2, 4.2), (1.6, 3.0)),
    "T": ((3, 8), (1.5, 6)),
    "W": ((12, 45), (14, 34)),
    "F": ((0, 0), (0, 0)),
}
_LANE = 3.3  # metres
_EDGE = 70.0  # metres that an outermost strip of terrain or water is wide

GROUNDS = {"P": PAVEMENT, "R": ROAD, "T": TERRAIN, "W": WATER}


@dataclass(frozen=True)
class Strip:
    """Ground of one kind between lo and hi metres across the axis of the layout."""

    kind: str
    lo: float
    hi: float
    lanes: int = 0

    @property
    def rank(self) -> float:
        """Its distance from the eye: strips farther out are hidden by nearer ones."""
        return 0.0 if self.lo < 0 < self.hi else min(abs(self.lo), abs(self.hi))


@dataclass(frozen=True)
class Plan:
    """Strips and camera of a scene; lengths as shares of the picture, so that any size will do."""

    along: bool
    strips: list[Strip]
    horizon: float  # share of the height
    focal: float  # share of the root of the picture's area
    eye: float  # metres

    def camera(self, height: int, width: int) -> Camera:
        """The camera for a picture of this size in pixels."""
        return Camera(
            height, width, self.horizon * height, self.focal * (height * width) ** 0.5, self.eye
        )


def plan_draw(rng: random.Random) -> Plan:
    """A layout with its widths and a place to stand."""
    _, along, kinds = rng.choices(_LAYOUTS, [layout[0] for layout in _LAYOUTS])[0]
    if along and rng.random() < 0.5:
        kinds = kinds[::-1]
    eye = rng.uniform(1.5, 2.4) if along else rng.uniform(1.8, 3.2)
    if rng.random() < 0.15:
        eye += rng.uniform(1.0, 3.0)  # from a balcony or a bridge
    horizon, focal = rng.uniform(0.36, 0.52), rng.uniform(0.95, 1.3)
    # 1.155 is the root of 4:3: focal lengths count in roots of the area, edges in heights.
    lowest = focal * eye * 1.155 / (1 - horizon)  # metres to the picture's lower edge, at 4:3
    start = 0.0 if along else lowest * rng.uniform(0.85, 1.05)
    strips, edge = [], start
    for k, kind in enumerate(kinds):
        width, lanes = _width(kind, along, along and k in (0, len(kinds) - 1), rng)
        strips.append(Strip(kind, edge, edge + width, lanes))
        edge += width
    return Plan(along, _stand(strips, rng) if along else strips, horizon, focal, eye)


def _width(kind: str, along: bool, outermost: bool, rng: random.Random) -> tuple[float, int]:
    if kind == "R":
        # Few lanes across the view, since more of them told cars from boats by proportions.
        lanes = rng.choice((2, 2, 2, 3, 4) if along else (2, 2, 3))
        return lanes * _LANE, lanes
    if outermost and kind == "T":
        return _EDGE, 0
    return rng.uniform(*_WIDTHS[kind][0 if along else 1]), 0


def _stand(strips: list[Strip], rng: random.Random) -> list[Strip]:
    """The strips moved so that the camera, at 0, stands on the road or a pavement beside it."""
    ground = rng.choice([strip for strip in strips if strip.kind in "PR"])
    x = rng.uniform(ground.lo + 0.4, ground.hi - 0.4)
    return [Strip(s.kind, s.lo - x, s.hi - x, s.lanes) for s in strips]

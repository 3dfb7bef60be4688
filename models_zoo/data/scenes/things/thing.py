"""A thing of the world before it is painted: where it stands and how large it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models_zoo.data.scenes.camera import Point

Painter = Callable[["Canvas", "Thing"], None]

if TYPE_CHECKING:
    from models_zoo.data.scenes.canvas import Canvas


def dice(seed: int | str) -> random.Random:
    """A generator that draws the same on every machine."""
    return random.Random(seed)  # noqa: S311 (pictures, no secrets)


@dataclass(frozen=True)
class Thing:
    """Centre (x, z), extents and height in metres, heading as a unit vector on the ground.

    `rank` is the distance of the strip it stands on: farther strips are painted first.
    `hidden` things take the colour of what is behind them. `seed` draws their details.
    """

    paint: Painter
    x: float
    z: float
    length: float
    width: float
    height: float
    seed: int
    rank: float = 0.0
    heading: Point = (1.0, 0.0)
    class_id: int = 0
    hidden: bool = False

    def dice(self) -> random.Random:
        """The generator of its details."""
        return dice(self.seed)

    @property
    def nearest(self) -> float:
        """Depth of its nearest point, in metres."""
        return self.z - (abs(self.heading[1]) * self.length + abs(self.heading[0]) * self.width) / 2

"""The pinhole camera and upright planes in the world, in metres: x right, y up, z away."""

from __future__ import annotations

import math
from dataclasses import dataclass

NEAR = 0.6  # metres; nothing is projected from nearer, so that coordinates stay finite

Point = tuple[float, float]

_CIRCLE = [(math.cos(k * math.pi / 8), math.sin(k * math.pi / 8)) for k in range(16)]


@dataclass(frozen=True)
class Camera:
    """A level camera `eye` metres above the ground; sizes, horizon and focal length in pixels."""

    height: int
    width: int
    horizon: float
    focal: float
    eye: float

    def point(self, x: float, y: float, z: float) -> Point:
        """Pixel (column, row) of a point in the world."""
        scale = self.focal / max(z, NEAR)
        return self.width / 2 + x * scale, self.horizon + (self.eye - y) * scale

    def scale(self, z: float) -> float:
        """Pixels a metre at depth z."""
        return self.focal / max(z, NEAR)


@dataclass(frozen=True)
class Frame:
    """An upright plane through (x, z) along (dx, dz): u runs along it, v upwards."""

    camera: Camera
    x: float
    z: float
    dx: float = 1.0
    dz: float = 0.0

    def point(self, u: float, v: float) -> Point:
        """Pixel of (u, v), both in metres."""
        return self.camera.point(self.x + u * self.dx, v, self.z + u * self.dz)

    def points(self, *uv: Point) -> list[Point]:
        """Pixels of several (u, v)."""
        return [self.point(u, v) for u, v in uv]

    def quad(self, u0: float, v0: float, u1: float, v1: float) -> list[Point]:
        """The four corners of an upright rectangle."""
        return self.points((u0, v0), (u1, v0), (u1, v1), (u0, v1))

    def disc(self, u: float, v: float, radius: float, squash: float = 1.0) -> list[Point]:
        """A circle as a polygon; `squash` scales its height."""
        return [self.point(u + radius * c, v + radius * squash * s) for c, s in _CIRCLE]

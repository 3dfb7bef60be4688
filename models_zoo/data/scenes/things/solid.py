"""Solids on the ground: an outline pulled sideways into a prism, as cars, boats and buses are."""

from __future__ import annotations

from collections.abc import Callable

from models_zoo.data.scenes.camera import Point
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.light import Colour, scaled

Outline = list[tuple[float, float, str]]  # u, v in metres, material of the edge to the next point
Skin = Callable[[str], Colour]


class Prism:
    """A prism centred on (x, z) with heading (dx, dz); u runs from rear to front, v upwards.

    `side` is +1 on the flank that faces the camera, -1 on the far one; above `belt` metres the
    flanks lean inwards by `taper` metres a metre.
    """

    def __init__(
        self,
        canvas: Canvas,
        x: float,
        z: float,
        heading: Point,
        length: float,
        width: float,
        taper: float = 0.0,
        belt: float = 1.0,
    ) -> None:
        self.canvas, self.x, self.z, self.length = canvas, x, z, length
        self.dx, self.dz = heading
        self.half, self.taper, self.belt = width / 2, taper, belt
        towards = -(-self.dz * x + self.dx * z)
        self.sign = 1.0 if towards > 0 else -1.0
        # No flank is seen while the camera is on the line of the prism, within half its width.
        self.flank_seen = abs(towards) > self.half
        self.normal = (-self.dz * self.sign, self.dx * self.sign)

    def ground(self, u: float, side: float, v: float = 0.0) -> tuple[float, float]:
        """World (x, z) of a point of the prism."""
        lateral = side * (self.half - self.taper * max(0.0, v - self.belt))
        along = u - self.length / 2
        return (
            self.x + self.dx * along + self.normal[0] * lateral,
            self.z + self.dz * along + self.normal[1] * lateral,
        )

    def point(self, u: float, v: float, side: float = 1.0) -> Point:
        """Pixel of a point of the prism."""
        x, z = self.ground(u, side, v)
        return self.canvas.camera.point(x, v, z)

    def flank(self, *uv: Point) -> list[Point]:
        """Pixels of points of the near flank."""
        return [self.point(u, v) for u, v in uv]

    def box(self, u0: float, v0: float, u1: float, v1: float) -> list[Point]:
        """An upright rectangle on the near flank."""
        return self.flank((u0, v0), (u1, v0), (u1, v1), (u0, v1))

    def across(self, u: float, v0: float, v1: float, s0: float, s1: float) -> list[Point]:
        """A rectangle across the prism at u, from side s0 to s1."""
        return [self.point(u, v, s) for v, s in ((v0, s0), (v0, s1), (v1, s1), (v1, s0))]

    def end_seen(self) -> float | None:
        """The u of the end that faces the camera; None when both are seen edge-on."""
        for u, sign in ((0.0, 1.0), (self.length, -1.0)):
            x, z = self.ground(u, 0.0)
            if sign * (self.dx * x + self.dz * z) > 0.15 * abs(z):
                return u
        return None

    def paint(self, outline: Outline, skin: Skin) -> None:
        """The shell, far faces first, then the near flank."""
        light = self.canvas.light
        faces = []
        for (u0, v0, material), (u1, v1, _) in zip(outline, outline[1:] + outline[:1], strict=True):
            if material == "none":
                continue
            depth = self.ground((u0 + u1) / 2, 0.0)[1]
            top = abs(u1 - u0) / (abs(u1 - u0) + abs(v1 - v0))
            end = light.facing(*((self.dx, self.dz) if v1 < v0 else (-self.dx, -self.dz)))
            shade = top * 1.1 + (1 - top) * end
            corners = [self.point(u0, v0), self.point(u1, v1)]
            corners += [self.point(u1, v1, -1.0), self.point(u0, v0, -1.0)]
            faces.append((depth, corners, scaled(skin(material), shade)))
        for _, corners, colour in sorted(faces, key=lambda face: -face[0]):
            self.canvas.polygon(corners, colour)
        if self.flank_seen:
            body = scaled(skin("body"), light.facing(*self.normal))
            self.canvas.polygon(self.flank(*((u, v) for u, v, _ in outline)), body)

"""The canvas: every opaque stroke paints the picture and, alike, a map of who owns each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from models_zoo.data.scenes.camera import Camera, Point
from models_zoo.data.scenes.light import Colour, Light

SUPERSAMPLING = 2  # painted at twice the size, then averaged for the picture and voted for the mask


@dataclass(frozen=True)
class Surface:
    """One painted thing: its class and its distance in metres (None: ground, its rows tell).

    `twin`: the same drawing stands for another class elsewhere.
    """

    class_id: int
    distance: float | None
    twin: bool


class Canvas:
    """A picture under one light, seen by one camera, and the owner of each of its pixels."""

    def __init__(self, camera: Camera, light: Light) -> None:
        size = camera.width, camera.height
        self.camera, self.light = camera, light
        # Owners in 32 bits: a scene may have more surfaces than a byte can count.
        self.image, self.owner = Image.new("RGB", size), Image.new("I", size)
        self.surfaces: list[Surface] = []
        self._ink = ImageDraw.Draw(self.image)
        self._glaze = ImageDraw.Draw(self.image, "RGBA")
        self._mark = ImageDraw.Draw(self.owner)

    def begin(self, class_id: int, distance: float | None = None, twin: bool = False) -> None:
        """What is painted from now on belongs to a new surface."""
        self.surfaces.append(Surface(class_id, distance, twin))

    def polygon(self, points: Sequence[Point], colour: Colour, glow: bool = False) -> None:
        """An opaque polygon of the current surface; `glow` leaves its colour unlit."""
        self._ink.polygon(points, fill=colour if glow else self.light.on(colour))
        self._mark.polygon(points, fill=len(self.surfaces) - 1)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """An opaque line, never thinner than one pixel of the finished picture."""
        pixels = max(SUPERSAMPLING, round(width))
        joint = "curve" if pixels > 4 and len(points) > 2 else None
        self._ink.line(points, fill=self.light.on(colour), width=pixels, joint=joint)
        self._mark.line(points, fill=len(self.surfaces) - 1, width=pixels, joint=joint)

    def ellipse(self, centre: Point, rx: float, ry: float, colour: Colour) -> None:
        """An opaque upright ellipse, radii in pixels."""
        box = (centre[0] - rx, centre[1] - ry, centre[0] + rx, centre[1] + ry)
        self._ink.ellipse(box, fill=self.light.on(colour))
        self._mark.ellipse(box, fill=len(self.surfaces) - 1)

    def detail(self, points: Sequence[Point], colour: Colour, glow: bool = False) -> None:
        """An opaque polygon inside something painted: its owner stays."""
        self._ink.polygon(points, fill=colour if glow else self.light.on(colour))

    def stroke(self, points: Sequence[Point], colour: Colour, width: float = 1) -> None:
        """A line inside something painted: its owner stays."""
        self._ink.line(points, fill=self.light.on(colour), width=max(1, round(width)))

    def glaze(self, points: Sequence[Point], colour: Colour, alpha: int) -> None:
        """A see-through polygon (alpha 0..255) over whatever is there."""
        self._glaze.polygon(points, fill=(*colour, alpha))

    def veil(self, polygons: Sequence[Sequence[Point]], colour: Colour, alpha: int) -> None:
        """Glaze the union of the polygons once, however they overlap."""
        mask = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(mask)
        for points in polygons:
            pen.polygon(points, fill=alpha)
        self.image.paste(colour, mask=mask)

    def behind(self, points: Sequence[Point]) -> Colour | None:
        """The mean colour, as lit, of the box around the points; None outside of the picture."""
        columns, rows = [p[0] for p in points], [p[1] for p in points]
        box = (
            max(0, int(min(columns))),
            max(0, int(min(rows))),
            min(self.camera.width, int(max(columns)) + 1),
            min(self.camera.height, int(max(rows)) + 1),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            return None
        mean = self.image.crop(box).resize((1, 1), Image.Resampling.BOX)
        red, green, blue = mean.tobytes()
        return red, green, blue

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Picture (uint8 H×W×3) by averages and owners (int32 H×W) by vote, at the final size."""
        owner = np.asarray(self.owner)
        a, b, c, d = owner[::2, ::2], owner[::2, 1::2], owner[1::2, ::2], owner[1::2, 1::2]
        # Ties go right and down, so that a line one pixel wide stays whole and one pixel wide.
        vote = np.where((b == c) | (b == d), b, np.where(c == d, c, a))
        return np.asarray(self.image.reduce(SUPERSAMPLING)), vote

"""What lies over the finished paint: reflections, texture, fog, rain. Exact arithmetic only."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw

from models_zoo.data.scenes.camera import Camera
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import CLASSES, PAVEMENT, ROAD, TERRAIN, TREE, WATER
from models_zoo.data.scenes.light import Light
from models_zoo.data.scenes.things.thing import dice

_GRAIN = {ROAD: 0.09, PAVEMENT: 0.06, TERRAIN: 0.16, TREE: 0.24, WATER: 0.07}  # relative amplitude
# ±2 pushed the samples, as PNG, over 500 KB.
_SENSOR = 1  # grey level of noise everywhere
_LOSS = 0.86  # the most that fog takes


def weather_apply(
    canvas: Canvas, picture: np.ndarray, owner: np.ndarray, shore: float, seed: int
) -> np.ndarray:
    """The picture (uint8 H×W×3) with everything that depends on depth, class and weather."""
    # PCG64 by name: NumPy may choose another one for default_rng.
    generator = np.random.Generator(np.random.PCG64(seed))
    light = canvas.light
    mask = np.array([s.class_id for s in canvas.surfaces], np.uint8)[owner]
    values = picture.astype(np.float32)
    _reflect(values, mask == WATER, shore, generator)
    grain = np.full(len(CLASSES), 0.025, np.float32)
    grain[list(_GRAIN)] = list(_GRAIN.values())
    values *= (1 + grain[mask] * _texture(mask.shape, generator))[..., None]
    share = _fog(_depth(canvas, owner), light)[..., None]
    values += (np.array(light.fog, np.float32) - values) * share
    if light.rain:
        values = _rain(values, dice(f"rain {seed}"))
    values += generator.integers(-_SENSOR, _SENSOR + 1, mask.shape, np.int8)[..., None]
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _depth(canvas: Canvas, owner: np.ndarray) -> np.ndarray:
    """Metres from the eye for each pixel; ground by its row, the rest by its surface."""
    camera: Camera = canvas.camera
    rows = np.arange(owner.shape[0], dtype=np.float32)
    below = np.maximum((rows + 0.5) * camera.height / owner.shape[0] - camera.horizon, 0.5)
    ground = (camera.focal * camera.eye / below).astype(np.float32)
    known = [-1.0 if s.distance is None else min(s.distance, 1e9) for s in canvas.surfaces]
    depth = np.array(known, np.float32)[owner]
    return np.where(depth < 0, ground[:, None], depth)


def _fog(depth: np.ndarray, light: Light) -> np.ndarray:
    """The share that haze takes of each pixel's colour; the sky has its own already."""
    # A ratio, not an exponential, which processors may round differently.
    share = np.minimum(depth / (depth + np.float32(light.visibility)), np.float32(_LOSS))
    return np.where(depth < 1e8, share, np.float32(0))


def _texture(shape: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Noise in about -1..1: single grains and blotches of two sizes."""
    total = np.zeros(shape, np.float32)
    cells = (max(1, shape[0] // 200), shape[0] // 32, shape[0] // 5)  # pixels
    for cell, weight in zip(cells, (0.7, 0.9, 0.9), strict=True):
        # Whole numbers, for the same pictures on every machine.
        small = generator.integers(0, 256, [-(-side // cell) for side in shape], np.uint8)
        large = Image.fromarray(small).resize(shape[::-1], Image.Resampling.BILINEAR)
        total += (np.asarray(large, np.float32) - 128) * np.float32(weight / 128)
    return total


def _reflect(
    values: np.ndarray, water: np.ndarray, shore: float, generator: np.random.Generator
) -> None:
    """Water mirrors what stands beyond its far shore (a row of the picture), torn by ripples."""
    rows, columns = np.nonzero(water)
    if not len(rows):
        return
    height, width = water.shape
    reach, thick = max(2, height // 110), max(1, height // 220)
    jitter = generator.integers(-reach, reach + 1, height)
    mirrored = np.clip(2 * round(shore) - rows - 1 + jitter[rows // thick], 0, height - 1)
    sideways = np.clip(columns + jitter[::-1][rows // thick], 0, width - 1)
    values[rows, columns] += (values[mirrored, sideways] - values[rows, columns]) * np.float32(0.42)


def _rain(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """Slanted streaks, near ones longer."""
    height, width = values.shape[:2]
    streaks = Image.new("L", (width, height))
    pen, slant = ImageDraw.Draw(streaks), rng.uniform(-0.25, 0.25)
    for _ in range(min(220, height * width // 150)):
        x, y, n = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.02, 0.07) * height
        pen.line((x, y, x + slant * n, y + n), fill=rng.randint(20, 60))
    share = np.asarray(streaks, np.float32)[..., None] / 255
    return values + (np.float32(225) - values) * share

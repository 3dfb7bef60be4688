"""The facts of each visible instance: where it is, how large and far, and what it provokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models_zoo.data.scenes.canvas import Surface
from models_zoo.data.scenes.classes import (
    BICYCLE,
    BOAT,
    BUILDING,
    BUS,
    CAR,
    CONFUSABLE,
    FENCE,
    PERSON,
    POLE,
    SIGN,
    SKYSCRAPER,
)

# Whatever its class. COCO's large objects fill 3 % of its pictures.
LARGE_SHARE = 0.08  # of the picture, from which an object is large
SMALL_SHARE = 0.0016  # of the picture, up to which a far thing is small
SMALL_DISTANCE = 18.0  # metres, from which it is far
LOW_CONTRAST = 30.0  # distance in RGB (0..441) from the surroundings, up to which it hides
FEWEST = 8  # pixels, under which nothing is scored

_THIN = frozenset((POLE, FENCE, BICYCLE))
_HIDING = frozenset((PERSON, SIGN))
_THINGS = frozenset((CAR, BOAT, BUS, PERSON, BICYCLE, SIGN))
_COUNTED = _THINGS | _THIN | {BUILDING, SKYSCRAPER}


@dataclass(frozen=True)
class Instance:
    """One visible object. `id` is its value in the scene's instance map.

    `box` is left, top, right, bottom in pixels (right and bottom exclusive), `area` its visible
    pixels, `distance` in metres, `contrast` the mean RGB distance (0..441) of its pixels from the
    mean of its surroundings (None where it hides nothing), `failures` the names in FAILURES that
    it provokes, `confusable` the class a narrow view takes it for.
    """

    id: int
    class_id: int
    box: tuple[int, int, int, int]
    area: int
    distance: float
    contrast: float | None
    failures: tuple[str, ...]
    confusable: int | None


def instances_collect(
    surfaces: list[Surface], owner: np.ndarray, image: np.ndarray
) -> list[Instance]:
    """An Instance for each visible object of `owner` (int H×W, indices into `surfaces`).

    image: uint8 H×W×3, the finished picture.
    """
    instances = []
    for number, (box, area) in _extents(owner).items():
        surface = surfaces[number]
        if surface.class_id not in _COUNTED or surface.distance is None:
            continue
        hides = surface.class_id in _HIDING and area >= FEWEST
        contrast = _contrast(image, owner, number, box) if hides else None
        failures = _failures(surface, area, owner.size, contrast)
        mate = CONFUSABLE.get(surface.class_id) if surface.twin else None
        instances.append(
            Instance(
                number,
                surface.class_id,
                box,
                area,
                round(surface.distance, 2),
                contrast,
                failures,
                mate,
            )
        )
    return instances


def _failures(surface: Surface, area: int, pixels: int, contrast: float | None) -> tuple[str, ...]:
    kind, scored = surface.class_id, area >= FEWEST
    tests = {
        "large": area >= LARGE_SHARE * pixels,
        "small": kind in _THINGS
        and scored
        and area <= SMALL_SHARE * pixels
        and surface.distance is not None
        and surface.distance >= SMALL_DISTANCE,
        "thin": kind in _THIN and scored,
        "context": surface.twin and kind in (CAR, BOAT) and scored,
        "look_alike": surface.twin and kind in (BUILDING, SKYSCRAPER) and scored,
        "low_contrast": contrast is not None and contrast <= LOW_CONTRAST,
    }
    return tuple(name for name, holds in tests.items() if holds)


def _extents(owner: np.ndarray) -> dict[int, tuple[tuple[int, int, int, int], int]]:
    """Box and area of every value of `owner`, in one sort."""
    # NumPy's stable sort of 16 bits is a radix sort.
    flat = owner.ravel().astype(np.uint16)
    order = np.argsort(flat, kind="stable")
    numbers, starts, counts = np.unique(flat[order], return_index=True, return_counts=True)
    rows, columns = np.divmod(order, owner.shape[1])
    edges = [
        reduce.reduceat(axis, starts)
        for axis, reduce in (
            (columns, np.minimum),
            (rows, np.minimum),
            (columns, np.maximum),
            (rows, np.maximum),
        )
    ]
    return {
        int(n): ((int(x0), int(y0), int(x1) + 1, int(y1) + 1), int(count))
        for n, count, x0, y0, x1, y1 in zip(numbers, counts, *edges, strict=True)
    }


def _contrast(
    image: np.ndarray, owner: np.ndarray, number: int, box: tuple[int, int, int, int]
) -> float:
    """How far an instance's pixels are from the mean colour around it, in RGB."""
    x0, y0, x1, y1 = box
    margin = 2 + (x1 - x0) // 4
    window = np.s_[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
    inside, colours = owner[window] == number, image[window].astype(np.float64)
    if inside.all():
        return 0.0
    gap = colours[inside] - colours[~inside].mean(axis=0)
    return round(float(np.sqrt((gap * gap).sum(axis=1)).mean()), 1)

"""Colours that classes get where a data set gives none: told apart by colour-blind people, too."""

from __future__ import annotations

import numpy as np
import pytest

from models_zoo.data.classes import PALETTE, named_classes

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB: protan, deutan, tritan.
EYES = (
    np.eye(3),
    [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
)
XYZ = [[0.4339, 0.3762, 0.1899], [0.2127, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]  # over white


def nearest(colours: list[str]) -> float:
    """The smallest difference between two of them, in CIELAB, to the eyes that see it worst."""
    srgb = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    found = []
    for eye in EYES:
        seen = np.clip(linear @ np.transpose(eye), 0, 1) @ np.transpose(XYZ)
        x, y, z = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116).T
        lab = np.stack([116 * y, 500 * (x - y), 200 * (y - z)], axis=-1)
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        found.append(apart[np.triu_indices(len(colours), 1)].min())
    return min(found)


@pytest.mark.parametrize(("classes", "least"), [(4, 35), (8, 24), (12, 18), (24, 12)])
def test_colours_are_told_apart_by_all_eyes(classes: int, least: float) -> None:
    colours = [entry["colour"] for entry in named_classes(map(str, range(classes)))]
    assert nearest(colours) > least


def test_any_number_of_classes_has_colours_of_its_own() -> None:
    colours = [entry["colour"] for entry in named_classes(map(str, range(255)))]
    assert tuple(colours[: len(PALETTE)]) == PALETTE
    assert len(set(colours)) == len(colours)

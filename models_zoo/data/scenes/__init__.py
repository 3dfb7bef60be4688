"""The project's own street-and-river scenes: `draw` makes one from a seed, at any size.

Everything follows from the seed; numpy and Pillow are all it needs.
"""

from __future__ import annotations

from models_zoo.data.scenes.classes import CLASSES, FAILURES, IGNORE_INDEX
from models_zoo.data.scenes.facts import Instance
from models_zoo.data.scenes.scene import SPLITS, Scene, draw, split_seed

__all__ = [
    "CLASSES",
    "FAILURES",
    "IGNORE_INDEX",
    "SPLITS",
    "Instance",
    "Scene",
    "draw",
    "split_seed",
]

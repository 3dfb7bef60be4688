"""The six failures that this lineage answers, one number each, on the scenes that provoke them.

Each is a mean over the objects that provoke the failure, 0 … 1, where 1 is without fault:

- large, small, thin, low_contrast: the share of the object's pixels that have its class;
- context, look_alike: of its pixels that have its class or the one that a narrow view takes it for
  (a boat's and a car's), the share that has its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models_zoo.data.scenes import FAILURES, Instance, Scene

_MISTAKEN = ("context", "look_alike")


class Diagnosis:
    """Adds up the six numbers over scenes and their predicted masks."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {failure: [] for failure in FAILURES}

    def add(self, scene: Scene, prediction: np.ndarray) -> None:
        """Counts the instances of one scene; `prediction` has its height and width."""
        for instance in scene.instances:
            if not instance.failures:
                continue
            left, top, right, bottom = instance.box
            window = np.s_[top:bottom, left:right]
            found = prediction[window][scene.instance_map[window] == instance.id]
            for failure in instance.failures:
                value = _value(failure, instance, found)
                if value is not None:
                    self._values[failure].append(value)

    def scores(self) -> dict[str, dict[str, Any]]:
        """By failure: the number (None without objects) and how many objects it is the mean of."""
        return {
            failure: {"value": float(np.mean(values)) if values else None, "objects": len(values)}
            for failure, values in self._values.items()
        }


def _value(failure: str, instance: Instance, found: np.ndarray) -> float | None:
    """The object's number from the classes `found` on its pixels; None when it says nothing."""
    right = np.count_nonzero(found == instance.class_id)
    if failure not in _MISTAKEN:
        return right / found.size
    mistaken = np.count_nonzero(found == instance.confusable)
    return right / (right + mistaken) if right + mistaken else None

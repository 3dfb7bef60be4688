"""The six failures that this lineage answers, one number each, on the scenes that provoke them.

Each is a mean over the objects that provoke the failure, 0 … 1, where 1 is without fault:

- large: the largest piece of the object that hangs together with its class, as a share of the
  largest that is seen of it, so that an object cut in half counts half;
- small: 1 if the object is found, else 0. It is where an intersection over union of FOUND is
  reached by what has its class in and around it, so that a blob over all of it does not find it;
- thin, low_contrast: the share of the object's pixels that have its class;
- context, look_alike: of its pixels that have its class or the one that a narrow view takes it for
  (a boat's and a car's), the share that has its own; 0 when none has either. Both classes of the
  pair weigh the same, and 0 is what calling all by one name would reach: twice the mean share less
  one (Youden's index), and not less than 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models_zoo.data.scenes import FAILURES, Instance, Scene
from models_zoo.metrics.fractions import mean_known, ratio
from models_zoo.metrics.objects import components

# Nine pixels square, an object on a mask that lies three pixels off both ways has 0.29.
FOUND = 0.25
_MISTAKEN = ("context", "look_alike")


class Diagnosis:
    """Adds up the six numbers over scenes and their predicted masks."""

    def __init__(self) -> None:
        # By failure and class: an index of a pair needs the means of both.
        self.values: dict[str, dict[int, list[float]]] = {failure: {} for failure in FAILURES}

    def add(self, scene: Scene, prediction: np.ndarray) -> None:
        """Counts the instances of one scene; `prediction` is H×W class ids, of the scene's size."""
        for instance in scene.instances:
            for failure in instance.failures:
                value = _value(failure, instance, scene, prediction)
                self.values[failure].setdefault(instance.class_id, []).append(value)

    def scores(self) -> dict[str, dict[str, Any]]:
        """By failure: the `value`, 0 … 1 (None without objects), of how many `objects`."""
        result = {}
        for failure, values in self.values.items():
            sums = np.array([[sum(of_class) for of_class in values.values()]])
            objects = np.array([[len(of_class) for of_class in values.values()]])
            value = score_of(failure, sums, objects)[0] if values else None
            result[failure] = {
                "value": None if value is None else max(0.0, float(value)),
                "objects": int(objects.sum()),
            }
        return result


def _value(failure: str, instance: Instance, scene: Scene, prediction: np.ndarray) -> float:
    """The object's number in the predicted classes."""
    # The share of its pixels favoured blobs: FCN-32s had 0.289 of them, FCN-8s 0.285.
    if failure == "small":
        return float(_iou(instance, scene, prediction) >= FOUND)
    left, top, right, bottom = instance.box
    window = np.s_[top:bottom, left:right]
    seen, prediction = scene.instance_map[window] == instance.id, prediction[window]
    right = seen & (prediction == instance.class_id)
    # The share found told networks 0.095 apart and did not ask for one piece; this does, 0.15.
    if failure == "large":
        return min(1.0, _largest_piece(right) / _largest_piece(seen))
    if failure not in _MISTAKEN:
        return np.count_nonzero(right) / np.count_nonzero(seen)
    own = np.count_nonzero(right)
    mistaken = np.count_nonzero(seen & (prediction == instance.confusable))
    # Named as a third class it is missed, which is as wrong as mistaken. Left out, each network's
    # mean was over other objects: those that it had found.
    return own / (own + mistaken) if own + mistaken else 0.0


def _iou(instance: Instance, scene: Scene, prediction: np.ndarray) -> float:
    """Of the object and of what has its class there, as far around it as it is long and wide.

    What has the class rightly, being another of its kind, is not held against it.
    """
    left, top, right, bottom = instance.box
    height, width = bottom - top, right - left
    window = np.s_[max(0, top - height) : bottom + height, max(0, left - width) : right + width]
    seen = scene.instance_map[window] == instance.id
    named = (prediction[window] == instance.class_id) & (
        seen | (scene.mask[window] != instance.class_id)
    )
    return np.count_nonzero(seen & named) / np.count_nonzero(seen | named)


def _largest_piece(chosen: np.ndarray) -> int:
    """The pixels of the largest connected part of a boolean mask; 0 when it has none."""
    labels = components(chosen)[chosen]
    return int(np.bincount(labels).max()) if labels.size else 0


def score_of(failure: str, sums: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """A failure's number from R×C sums over the objects of each class and how many they are.

    R fractions, NaN where there is no object; an index of a pair that is worse than calling all by
    one name is below 0.
    """
    if failure not in _MISTAKEN:
        sums, objects = sums.sum(axis=-1, keepdims=True), objects.sum(axis=-1, keepdims=True)
    mean = mean_known(ratio(sums, objects))
    # Classes before objects: of look-alikes 1,220 are houses and 552 towers.
    return 2 * mean - 1 if failure in _MISTAKEN else mean

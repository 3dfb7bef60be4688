"""What masks score on a split, whoever made them: at original size against the untouched truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.base import DatasetSplit
from models_zoo.data.findings import label_findings, require_sound
from models_zoo.files import write_atomically
from models_zoo.metrics import confusion, image_counts, image_scores, scores
from models_zoo.metrics.boundaries import BoundaryCounts
from models_zoo.metrics.objects import ObjectCounts


@dataclass(frozen=True)
class SplitScores:
    """The scores of masks of a split, and the counts of each image that they come from.

    per_image: name, and per class the pixels that were hit, true and predicted.
    """

    scores: dict[str, Any]
    per_image: list[dict[str, Any]]

    def write(self, path: Path, *, key: str) -> None:
        """Keeps all of it as a JSON file, from which checkpoints can be compared image by image."""
        content = {"key": key, **self.scores, "per_image": self.per_image}
        write_atomically(path, json.dumps(content).encode() + b"\n")


class SplitCounts:
    """Adds up the masks of a split, image by image.

    ValueError where the split is such that no score would mean anything.
    """

    def __init__(self, dataset: DatasetSplit) -> None:
        require_sound(dataset.findings)
        self._dataset = dataset
        classes, ignored = len(dataset.classes), dataset.ignore_index
        self._boundaries, self._objects = BoundaryCounts(classes, ignored), ObjectCounts(ignored)
        self._diagnosis = dataset.diagnosis() if dataset.diagnosis else None
        self._counts = np.zeros((classes, classes), np.int64)
        self._per_image: list[dict[str, Any]] = []
        self._ignored_pixels = 0

    def add(self, index: int, truth: np.ndarray, mask: np.ndarray) -> None:
        """Counts one image: H×W class ids, true and predicted."""
        dataset = self._dataset
        of_image = confusion(truth, mask, len(dataset.classes), dataset.ignore_index)
        # Counts over the whole split and no mean of images' scores, as published figures are made.
        self._counts += of_image
        self._per_image.append({"name": dataset.name(index), **image_counts(of_image)})
        self._boundaries.add(truth, mask)
        self._objects.add(truth, mask)
        if self._diagnosis:
            self._diagnosis.add(dataset.facts(index), mask)
        self._ignored_pixels += truth.size - int(of_image.sum())

    def scored(self, passport: dict[str, Any]) -> SplitScores:
        """The scores of all that was added, under this passport."""
        dataset = self._dataset
        require_sound(
            label_findings(
                dataset.split,
                dataset.classes,
                self._counts.sum(axis=1),
                ignored=self._ignored_pixels,
                ignore_index=dataset.ignore_index,
                ignore_stated=dataset.ignore_stated,
            )
        )
        result = {
            "split": dataset.split,
            **scores(self._counts),
            **image_scores(self._per_image),
            **self._boundaries.scores(),
            "recall_by_size": self._objects.scores(),
            "images": len(dataset),
            "confusion": self._counts.tolist(),
            "passport": passport,
        }
        if self._diagnosis:
            result["diagnosis"] = self._diagnosis.scores()
        return SplitScores(result, self._per_image)


def passport(
    dataset: DatasetSplit, *, sha256: str, precision: str, runtime: str = "torch"
) -> dict[str, Any]:
    """What a score depends on; scores whose passports differ are not comparable."""
    # PyTorch goes without saying: passports of before there was another runtime stay equal. So
    # does what an ONNX file is defined by: there is no other, and it computes in float32.
    computed_by = {} if runtime in ("torch", "onnxruntime") else {"runtime": runtime}
    return {
        "split_hash": dataset.split_hash,
        "checkpoint_sha256": sha256,
        "ignore_index": dataset.ignore_index,
        "absent_classes": "null, left out of the mean",
        "resolution": "original",
        "averaging": "data set",
        "precision": precision,
        **computed_by,
    }

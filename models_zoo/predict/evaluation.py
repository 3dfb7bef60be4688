"""Scoring a written checkpoint on a split, at the original size against the untouched truth."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from models_zoo.predict.engine import Engine


@dataclass(frozen=True)
class SplitScores:
    """The scores of a checkpoint on a split, and the counts of each image that they come from.

    per_image: name, and per class the pixels that were hit, true and predicted.
    """

    scores: dict[str, Any]
    per_image: list[dict[str, Any]]

    def write(self, path: Path, *, key: str) -> None:
        """Keeps all of it as a JSON file, from which checkpoints can be compared image by image."""
        content = {"key": key, **self.scores, "per_image": self.per_image}
        write_atomically(path, json.dumps(content).encode() + b"\n")


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


def evaluate(
    engine: Engine,
    weights: Path,
    sidecar: dict[str, Any],
    dataset: DatasetSplit,
    *,
    keep_mask: Callable[[int, np.ndarray], None] | None = None,
) -> SplitScores:
    """The scores of a written checkpoint on `dataset`, with their passport and confusion counts.

    `keep_mask` is given the index and the mask of each image.
    ValueError when the data set's classes are not the checkpoint's, it has no masks, or its masks
    are such that no score would mean anything.
    """
    require_sound(dataset.findings)
    if [c["name"] for c in sidecar["classes"]] != [c["name"] for c in dataset.classes]:
        raise ValueError(f"{sidecar['key']} was trained on other classes than {dataset.title}'s.")
    classes, ignored = len(dataset.classes), dataset.ignore_index
    boundaries, objects = BoundaryCounts(classes, ignored), ObjectCounts(ignored)
    diagnosis = dataset.diagnosis() if dataset.diagnosis else None
    counts, per_image = np.zeros((classes, classes), np.int64), []
    ignored_pixels, computed = 0, set()
    for index in range(len(dataset)):
        image, truth = dataset.load(index)
        predicted = engine.predict(weights, sidecar, image)
        mask = predicted.mask
        computed.add((predicted.precision, predicted.runtime))
        if keep_mask:
            keep_mask(index, mask)
        of_image = confusion(truth, mask, classes, ignored)
        # Counts over the whole split and no mean of images' scores, as published figures are made.
        counts += of_image
        per_image.append({"name": dataset.name(index), **image_counts(of_image)})
        boundaries.add(truth, mask)
        objects.add(truth, mask)
        if diagnosis:
            diagnosis.add(dataset.facts(index), mask)
        ignored_pixels += truth.size - int(of_image.sum())
    require_sound(
        label_findings(
            dataset.split,
            dataset.classes,
            counts.sum(axis=1),
            ignored=ignored_pixels,
            ignore_index=ignored,
            ignore_stated=dataset.ignore_stated,
        )
    )
    imported = sidecar.get("training", {}).get("imported")
    unknown = {"training": "imported, unknown"} if imported else {}
    result = {
        "split": dataset.split,
        **scores(counts),
        **image_scores(per_image),
        **boundaries.scores(),
        "recall_by_size": objects.scores(),
        "images": len(dataset),
        "confusion": counts.tolist(),
        "passport": passport(
            dataset,
            sha256=sidecar["sha256"],
            # An image may be so small that only PyTorch has an answer for it.
            precision="+".join(sorted({precision for precision, _ in computed})),
            runtime="+".join(sorted({runtime for _, runtime in computed})),
        )
        | unknown,
    }
    if diagnosis:
        result["diagnosis"] = diagnosis.scores()
    return SplitScores(result, per_image)

"""Scoring a written checkpoint on a split, at the original size against the untouched truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.base import DatasetSplit
from models_zoo.predict.engine import Engine
from models_zoo.predict.scoring import SplitCounts, SplitScores, passport
from models_zoo.translation import gettext_noop as _

__all__ = ["SplitScores", "evaluate", "passport"]


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
    if [c["name"] for c in sidecar["classes"]] != [c["name"] for c in dataset.classes]:
        raise ValueError(
            _(f"{sidecar['key']} was trained on other classes than {dataset.title}'s.")
        )
    counts, computed = SplitCounts(dataset), set()
    for index in range(len(dataset)):
        image, truth = dataset.load(index)
        predicted = engine.predict(weights, sidecar, image)
        computed.add((predicted.precision, predicted.runtime))
        if keep_mask:
            keep_mask(index, predicted.mask)
        counts.add(index, truth, predicted.mask)
    imported = sidecar.get("training", {}).get("imported")
    unknown = {"training": "imported, unknown"} if imported else {}
    told = passport(
        dataset,
        sha256=sidecar["sha256"],
        # An image may be so small that only PyTorch has an answer for it.
        precision="+".join(sorted({precision for precision, _ in computed})),
        runtime="+".join(sorted({runtime for _, runtime in computed})),
    )
    return counts.scored(told | unknown)

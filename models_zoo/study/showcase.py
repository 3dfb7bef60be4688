"""The samples that show each failure of the lineage best, with the masks of best and worst."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data.base import DatasetSplit
from models_zoo.masks import mask_png
from models_zoo.predict.engine import Engine


def samples_show(
    checkpoints: list[CheckpointFiles], dataset: DatasetSplit, folder: Callable[[str, str], Path]
) -> dict[str, dict[str, Any]]:
    """By failure: the data set's sample on which networks differ most, and who does best and worst.

    Writes both masks to `folder`(failure, which). Empty for a data set without a diagnosis. `value`
    and `spread` are fractions; ValueError or OSError for a checkpoint that cannot be read.
    """
    if dataset.diagnosis is None:
        return {}
    engine = Engine(precision="fp32")
    widest: dict[str, dict[str, Any]] = {}
    masks: dict[tuple[str, str], bytes] = {}
    for sample in dataset.samples:
        scene = sample.scene()
        outcomes = {}
        for checkpoint in checkpoints:
            mask = engine.predict(checkpoint.weights_path, checkpoint.sidecar, scene.image).mask
            diagnosis = dataset.diagnosis()
            diagnosis.add(scene, mask)
            value = diagnosis.scores()[sample.failure]["value"]
            if value is not None:
                outcomes[checkpoint.sidecar["key"]] = (value, mask)
        if len(outcomes) < 2:
            continue
        ranked = sorted(outcomes, key=lambda key: outcomes[key][0])
        spread = outcomes[ranked[-1]][0] - outcomes[ranked[0]][0]
        if spread <= widest.get(sample.failure, {}).get("spread", -1):
            continue
        widest[sample.failure] = {"sample": sample.name, "spread": round(spread, 4)}
        classes = checkpoints[0].sidecar["classes"]
        for which, key in (("best", ranked[-1]), ("worst", ranked[0])):
            value, mask = outcomes[key]
            widest[sample.failure][which] = {"key": key, "value": round(value, 4)}
            masks[sample.failure, which] = mask_png(mask, classes)
    for (failure, which), data in masks.items():
        folder(failure, which).write_bytes(data)
    return widest

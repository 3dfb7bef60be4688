"""The masks that the story shows: some networks on the samples that provoke a failure each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data.base import DatasetSplit
from models_zoo.masks import mask_png
from models_zoo.predict.engine import Engine
from models_zoo.study.stories import SHOWN, picture_path


def masks_show(
    checkpoints: list[CheckpointFiles], dataset: DatasetSplit, folder: Path
) -> dict[str, dict[str, dict[str, Any]]]:
    """By sample and architecture, of SHOWN: the checkpoint's `key` and what it scores there.

    `scores` has a fraction for each failure that the sample provokes. Writes the masks to `folder`.
    Empty for a data set without a diagnosis; what has no checkpoint is left out.
    ValueError or OSError for a checkpoint that cannot be read.
    """
    if dataset.diagnosis is None:
        return {}
    engine = Engine(precision="fp32")
    by_architecture = {checkpoint.architecture: checkpoint for checkpoint in checkpoints}
    shown: dict[str, dict[str, dict[str, Any]]] = {}
    for sample in dataset.samples:
        scene = sample.scene()
        for architecture in SHOWN.get(sample.name, ()):
            checkpoint = by_architecture.get(architecture)
            if checkpoint is None:
                continue
            sidecar = checkpoint.sidecar
            mask = engine.predict(checkpoint.weights_path, sidecar, scene.image).mask
            diagnosis = dataset.diagnosis()
            diagnosis.add(scene, mask)
            found = {name: told["value"] for name, told in diagnosis.scores().items()}
            shown.setdefault(sample.name, {})[architecture] = {
                "key": sidecar["key"],
                "scores": {n: round(v, 4) for n, v in found.items() if v is not None},
            }
            path = picture_path(dataset.slug, sample.name, architecture, folder)
            path.write_bytes(mask_png(mask, sidecar["classes"]))
    return shown

"""The sidecar of what a run made: all that is known of the weights, with their scores."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models_zoo.checkpoints.shipped import FORMAT
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.build import build
from models_zoo.networks.measure import multiply_adds
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from models_zoo.predict.pseudo import provenance_read
from models_zoo.training.config import (
    FLAGS,
    START_FILE,
    TEACHER_FILE,
    TrainConfig,
    settings_of,
)
from models_zoo.training.inputs import Inputs
from models_zoo.training.named import checkpoint_find
from models_zoo.training.record.pictures import RunPictures

EVALUATION_SUFFIX = ".evaluation.json"


def sidecar_of(
    config: TrainConfig,
    inputs: Inputs,
    weights: Path,
    *,
    best: dict[str, Any],
    alive: Callable[[], None],
) -> dict[str, Any]:
    """All about the weights of the epoch `best`, scored on val in fp32 from the written file.

    The counts of each image and the masks of the worst ones are kept beside the weights. `alive` is
    called at each image. ValueError when `weights` is not the file that `best` names, OSError when
    it cannot be read.
    """
    dataset = inputs.val
    # Counting asks for shapes alone, so the network takes no memory here.
    with torch.device("meta"):
        classes = len(dataset.classes)
        network = build(
            config.architecture, variant=config.variant, num_classes=classes, **config.options
        ).eval()
        multiplications = multiply_adds(network, inputs.train.input_size)
    sidecar = {
        "format": FORMAT,
        "key": f"{dataset.slug}-{config.architecture}-{config.variant}",
        "architecture": config.architecture,
        "variant": config.variant,
        "options": config.options,
        "classes": dataset.classes,
        "ignore_index": dataset.ignore_index,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "input_size": inputs.train.input_size,
        "dataset": {**inputs.train.passport, "split_hash": inputs.train.split_hash},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "gmacs": round(multiplications / 1e9, 3),  # of one image of the data set's size
        "training": {**_shareable(config).to_json(), "best_epoch": best["epoch"]},
        "command": command(config),
        "sha256": best["sha256"],
        "bytes": weights.stat().st_size,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    if inputs.pseudo is not None:
        sidecar["pseudo_labels"] = provenance_read(config.pseudo)
    for role in ("teacher", "start"):
        if named := getattr(config, role):
            found = checkpoint_find(named, dataset.classes, role=role).sidecar
            sidecar[role] = {name: found[name] for name in ("key", "sha256")}
    # fp32, since published figures should not depend on the processor.
    engine, pictures = Engine(0, precision="fp32"), RunPictures(weights.parent, dataset)

    def keep_mask(index: int, mask: np.ndarray) -> None:
        alive()
        pictures.keep_mask(index, mask)

    evaluation = evaluate(engine, weights, sidecar, dataset, keep_mask=keep_mask)
    pictures.keep_worst(evaluation.per_image)
    evaluation.write(weights.with_suffix(EVALUATION_SUFFIX), key=sidecar["key"])
    sidecar["scores"] = [evaluation.scores]
    return sidecar


def _shareable(config: TrainConfig) -> TrainConfig:
    """The configuration without the places of this machine, which the reader has to fill in."""
    return replace(
        config,
        data=_generic(config.data),
        pseudo=_generic(config.pseudo),
        teacher=_named(config.teacher, TEACHER_FILE),
        start=_named(config.start, START_FILE),
    )


def _named(checkpoint: str, file: str) -> str:
    return file if checkpoint.endswith(".safetensors") else checkpoint


def _generic(place: str) -> str:
    kind, separator, rest = place.partition(":")
    return place if kind == "scenes" or not separator or not rest else f"{kind}:PATH"


def command(config: TrainConfig) -> str:
    """The command line that repeats the run; the data's folder is left for the reader to fill."""
    config = _shareable(config)
    words = ["python", "-m", "models_zoo", "train"]
    kept = {name: getattr(config, name) for name in FLAGS}
    for name, value in kept.items():
        words += [FLAGS[name], str(value)]
    for setting in settings_of(config, TrainConfig(**kept)):
        words += ["--set", setting]
    return shlex.join(words)

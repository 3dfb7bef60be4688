"""The lineage in numbers: the checkpoints of a data set, measured alike on one split.

Scores are those of `evaluate` in fp32, with the six failures where the data set is scenes. Beside
them: the effective receptive field, the mean over FIELD_IMAGES images, against theory's; time and
memory of a forward pass, one image at the data set's size, all networks in turns, so that a load on
the machine falls on all of them; and what align_corners changes where a network has the choice.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models_zoo.checkpoints.shipped import FOLDER, CheckpointFiles
from models_zoo.data.base import DatasetSplit
from models_zoo.memory import PeakBytes
from models_zoo.metrics import confusion, scores
from models_zoo.metrics.table import SCORES
from models_zoo.networks.build import option_names
from models_zoo.networks.catalogue import architecture_get
from models_zoo.precision import device_name
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from models_zoo.predict.inputs import batch_of, scoring_size
from models_zoo.predict.receptive_field import mean_effective_side, theoretical_side
from models_zoo.study.corners import network_cornered

FORMAT = 4  # raised when a score means something else than before
FIELD_IMAGES = 50
CORNER_IMAGES = 50
ROUNDS = 7
KEPT = ("split", *SCORES, "recall_by_size", "images", "passport", "diagnosis")

Say = Callable[[str], object]
Measured = dict[str, Any]


def story_tell(
    checkpoints: list[CheckpointFiles],
    dataset: DatasetSplit,
    *,
    before: dict[str, Any] | None,
    say: Say,
) -> dict[str, Any]:
    """All that is measured, ready for JSON; `entries` in the order of `checkpoints`.

    What `before`, an earlier story, says of the same weights on the same images is kept, but for
    times, which are always taken together; so is what it says of weights that are not shipped.
    """
    engine = Engine(precision="fp32")
    # Measured in another way or on other images, figures would not stand beside new ones.
    alike = before and (before["format"], before["split_hash"]) == (FORMAT, dataset.split_hash)
    kept = {entry["sha256"]: entry for entry in before["entries"]} if before and alike else {}
    entries = []
    for checkpoint in checkpoints:
        key = checkpoint.sidecar["key"]
        entry = kept.get(checkpoint.sidecar["sha256"])
        say(f"{key}: {'kept' if entry else 'measuring'}")
        entries.append(entry or _measure(engine, checkpoint, dataset))
    times = _times(engine, checkpoints, dataset)
    for entry, checkpoint, milliseconds in zip(entries, checkpoints, times, strict=True):
        entry["milliseconds"] = round(milliseconds, 2)
        training = checkpoint.sidecar.get("training", {})
        epochs = training.get("epochs")
        # How often its training images were seen, since one's epoch may be several's passes.
        entry["epochs"] = epochs and int(epochs * training.get("passes", 1))
    told = {entry["sha256"] for entry in entries}
    entries += [
        entry | {"milliseconds": None}
        for sha256, entry in kept.items()
        if sha256 not in told and not entry["shipped"]
    ]
    return {
        "format": FORMAT,
        "dataset": dataset.slug,
        "title": dataset.title,
        "split": dataset.split,
        "split_hash": dataset.split_hash,
        "images": len(dataset),
        "size": dataset.input_size,
        "machine": {
            "device": engine.device,
            "threads": torch.get_num_threads(),
            "load": round(os.getloadavg()[0], 1),
        },
        "entries": entries,
    }


def _measure(engine: Engine, checkpoint: CheckpointFiles, dataset: DatasetSplit) -> Measured:
    sidecar = checkpoint.sidecar
    every = evaluate(engine, checkpoint.weights_path, sidecar, dataset).scores
    network, _ = engine.network(checkpoint.weights_path, sidecar)
    images = [_input(sidecar, dataset, n) for n in range(min(FIELD_IMAGES, len(dataset)))]
    with PeakBytes(engine.device) as peak, torch.inference_mode():
        network(images[0])
    return {
        "key": sidecar["key"],
        "architecture": sidecar["architecture"],
        "variant": sidecar["variant"],
        "pretrained": bool(sidecar.get("training", {}).get("pretrained")),
        "shipped": checkpoint.weights_path.is_relative_to(FOLDER),
        "input_size": sidecar["input_size"],
        "sha256": sidecar["sha256"],
        "parameters": sidecar["parameters"],
        "scores": {name: every[name] for name in KEPT if name in every},
        "field": {
            "effective": round(mean_effective_side(network, images), 1),
            "theoretical": theoretical_side(sidecar["architecture"], sidecar["options"]),
            "images": len(images),
        },
        "memory_bytes": peak.bytes + sum(t.nbytes for t in network.state_dict().values()),
        "corners": _corners(engine, checkpoint, dataset),
    }


def _input(sidecar: dict[str, Any], dataset: DatasetSplit, index: int) -> Tensor:
    return batch_of(
        dataset.load_image(index),
        mean=sidecar["mean"],
        std=sidecar["std"],
        scored_at=scoring_size(dataset.size(index), tuple(sidecar["input_size"])),
        device=torch.device(device_name()),
    )


def _times(
    engine: Engine, checkpoints: list[CheckpointFiles], dataset: DatasetSplit
) -> list[float]:
    """The median milliseconds of each network's forward pass, taken in turns."""
    if not checkpoints:
        return []
    networks = [engine.network(c.weights_path, c.sidecar)[0] for c in checkpoints]
    images = [_input(checkpoint.sidecar, dataset, 0) for checkpoint in checkpoints]
    taken: list[list[float]] = [[] for _ in networks]
    with torch.inference_mode():
        for number in range(ROUNDS + 1):
            for network, image, times in zip(networks, images, taken, strict=True):
                started = time.perf_counter()
                network(image)
                if engine.device == "cuda":
                    torch.cuda.synchronize()
                if number:  # the first is for warming up
                    times.append((time.perf_counter() - started) * 1000)
    return [statistics.median(times) for times in taken]


def _corners(
    engine: Engine, checkpoint: CheckpointFiles, dataset: DatasetSplit
) -> dict[str, Any] | None:
    """The mIoU as trained and with align_corners the other way, over some images of the split.

    None for a network without the choice, and for one that does not see the images at their size.
    """
    sidecar = checkpoint.sidecar
    choice = "align_corners" in option_names(architecture_get(sidecar["architecture"]))
    if not choice or tuple(sidecar["input_size"]) != tuple(dataset.input_size):
        return None
    network, _ = engine.network(checkpoint.weights_path, sidecar)
    used = next(m.align_corners for m in network.modules() if hasattr(m, "align_corners"))
    flipped = network_cornered(checkpoint, not used)
    count = min(CORNER_IMAGES, len(dataset))
    return {
        "images": count,
        "trained": _miou(network, sidecar, dataset, count),
        "flipped": _miou(flipped, sidecar, dataset, count),
    }


def _miou(network: nn.Module, sidecar: dict[str, Any], dataset: DatasetSplit, count: int) -> float:
    classes = len(dataset.classes)
    counts = np.zeros((classes, classes), np.int64)
    with torch.inference_mode():
        for index in range(count):
            mask = network(_input(sidecar, dataset, index))[0].argmax(0).cpu().numpy()
            counts += confusion(dataset.load(index)[1], mask, classes, dataset.ignore_index)
    return float(scores(counts)["miou"])

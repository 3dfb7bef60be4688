"""Scoring a trained arm image by image, with all that a verdict may be about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from models_zoo.ablations.results import Counts, Truth
from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.metrics import confusion
from models_zoo.metrics.boundaries import boundary_f1
from models_zoo.metrics.objects import SIZES, ObjectCounts
from models_zoo.predict.engine import Engine
from models_zoo.predict.ensembling import combined_blocks
from models_zoo.predict.inputs import batch_of, scoring_size
from models_zoo.predict.receptive_field import mean_effective_side, theoretical_side

FIELD_IMAGES = 20

Predict = Callable[[np.ndarray], np.ndarray]  # an image's H×W×3 → H×W class ids


@dataclass(frozen=True)
class Item:
    """One image with its truth, and what a diagnosis needs to know of it."""

    image: np.ndarray
    truth: np.ndarray
    facts: Any


@cache
def test_items(data: str, split: str) -> tuple[DatasetSplit, list[Item]]:
    """The images that all arms are scored on. Kept: drawing a scene takes longer than a mask."""
    dataset = open_dataset(data, split)
    items = []
    for index in range(len(dataset)):
        image, truth = dataset.load(index)
        items.append(Item(image, truth, dataset.facts(index) if dataset.diagnosis else None))
    return dataset, items


def predictor(members: Sequence[CheckpointFiles]) -> Predict:
    """What a checkpoint says of an image, or the mean of several, in fp32.

    ValueError or OSError when one cannot be read.
    """
    engine = Engine(precision="fp32")
    files = [(member.weights_path, member.sidecar) for member in members]
    if len(files) == 1:
        return lambda image: engine.predict(*files[0], image).mask

    def mean(image: np.ndarray) -> np.ndarray:
        mask = np.zeros(image.shape[:2], np.uint8)
        shares = [1.0] * len(files)
        for rows, columns, ids, _ in combined_blocks(
            engine, files, image, shares=shares, combine="mean"
        ):
            mask[rows, columns] = ids
        return mask

    return mean


def score(predict: Predict, data: str, split: str, about: dict[str, Any]) -> tuple[Truth, Counts]:
    """What the images of a split hold, and how `predict` does on each of them.

    `about` is kept with the counts. ValueError for a split without masks.
    """
    dataset, items = test_items(data, split)
    classes, ignored = len(dataset.classes), dataset.ignore_index
    rows = [_row(item, predict(item.image), dataset, classes, ignored) for item in items]
    failures = sorted({key for row in rows for key in row.failures})
    blocks = dataset.blocks_of([dataset.name(index) for index in range(len(items))])
    hash_ = {"split_hash": dataset.split_hash}
    truth = Truth(
        {"data": dataset.slug, "split": split, "images": len(items), "failures": failures} | hash_,
        truth=np.stack([row.counts.sum(axis=1) for row in rows]),
        sizes=np.stack([row.objects for row in rows]),
        failures=_columns(rows, failures, len),
        blocks=np.array(blocks),
    )
    hits = np.stack([np.diag(row.counts) for row in rows])
    return truth, Counts(
        about | hash_,
        missed=truth.truth - hits,
        false=np.stack([row.counts.sum(axis=0) for row in rows]) - hits,
        boundary=np.array([row.boundary for row in rows]),
        sizes=np.stack([row.recalls for row in rows]),
        failures=_columns(rows, failures, sum),
    )


@dataclass(frozen=True)
class _Row:
    """One image: K×K counts, boundary F1, objects and found shares by size, values by failure."""

    counts: np.ndarray
    boundary: float
    objects: list[int]
    recalls: list[float]
    failures: dict[tuple[str, int], list[float]]


def _row(
    item: Item, mask: np.ndarray, dataset: DatasetSplit, classes: int, ignored: int | None
) -> _Row:
    objects = ObjectCounts(ignored)
    objects.add(item.truth, mask)
    sizes = objects.scores()
    found: dict[tuple[str, int], list[float]] = {}
    if dataset.diagnosis:
        diagnosis = dataset.diagnosis()
        diagnosis.add(item.facts, mask)
        found = {(f, c): v for f, by in diagnosis.values.items() for c, v in by.items()}
    return _Row(
        counts=confusion(item.truth, mask, classes, ignored),
        boundary=boundary_f1(item.truth, mask, classes, ignored) or 0.0,
        objects=[sizes[size]["objects"] for size in SIZES],
        recalls=[sizes[s]["objects"] * (sizes[s]["recall"] or 0.0) for s in SIZES],
        failures=found,
    )


def _columns(
    rows: list[_Row], failures: list[tuple[str, int]], of: Callable[[list[float]], float]
) -> np.ndarray:
    table = [[of(row.failures.get(key, [])) for key in failures] for row in rows]
    return np.array(table).reshape(len(rows), len(failures))


def field(checkpoint: CheckpointFiles, data: str, split: str) -> dict[str, Any]:
    """The sides in pixels of the receptive field that a network uses, and of theory's."""
    sidecar = checkpoint.sidecar
    network, _ = Engine(precision="fp32").network(checkpoint.weights_path, sidecar)
    _, items = test_items(data, split)
    images = [
        batch_of(
            item.image,
            mean=sidecar["mean"],
            std=sidecar["std"],
            scored_at=scoring_size(item.image.shape[:2], tuple(sidecar["input_size"])),
            device=next(network.parameters()).device,
        )
        # Fields of images of unlike sizes have no mean.
        for item in items[:FIELD_IMAGES]
        if item.image.shape == items[0].image.shape
    ]
    return {
        "effective": round(mean_effective_side(network, images), 1),
        "theoretical": theoretical_side(sidecar["architecture"], sidecar["options"]),
        "images": len(images),
    }

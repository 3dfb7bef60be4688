"""Runs with epochs, checkpoints with scores: made in bulk, without any training.

For tests and bench. Everything follows from the seed, so that two calls make equal figures.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from experiments.models import (
    Attempt,
    Checkpoint,
    Confusion,
    Dataset,
    Epoch,
    Evaluation,
    ImageCounts,
    Run,
    Usage,
)
from experiments.records.checkpoints import protocol_hash
from experiments.records.epochs import run_summarise
from models_zoo.metrics import image_counts, scores
from segweb.jobs import State

CLASSES = [
    {"id": number, "name": name, "colour": colour}
    for number, (name, colour) in enumerate(
        [("sky", "#a6cee3"), ("road", "#5b4f9c"), ("car", "#2166ac")]
    )
]
PASSPORT = {
    "split_hash": "ab12",
    "checkpoint_sha256": "",
    "ignore_index": 255,
    "absent_classes": "null, left out of the mean",
    "resolution": "original",
    "averaging": "data set",
    "precision": "fp32",
}


def dataset_make(slug: str = "streets", *, num_classes: int = 3, **fields: Any) -> Dataset:
    """A data set of `num_classes` classes, 255 ignored."""
    classes = (CLASSES * (1 + num_classes // 3))[:num_classes]
    classes = [
        entry | {"id": number, "name": entry["name"] + ("" if number < 3 else str(number))}
        for number, entry in enumerate(classes)
    ]
    defaults = {"title": slug.title(), "classes": classes, "ignore_index": 255} | fields
    return Dataset.objects.get_or_create(slug=slug, defaults=defaults)[0]


def counts_make(random: np.random.Generator, classes: int, skill: float) -> np.ndarray:
    """K×K counts of a network that is right about a pixel with the probability `skill`."""
    counts = random.integers(0, 200, (classes, classes))
    counts[np.diag_indices(classes)] += int(skill / (1.001 - skill) * 100 * classes)
    return counts


def run_make(
    *,
    epochs: int = 3,
    planned: int | None = None,
    confusions: bool = True,
    usage: int = 0,
    seed: int = 0,
    dataset: Dataset | None = None,
    **fields: Any,
) -> Run:
    """A run with `epochs` recorded epochs (of `planned`), in bulk; `fields` are those of Run."""
    random = np.random.default_rng(seed)
    dataset = dataset or dataset_make()
    done = epochs >= (planned or epochs)
    now = timezone.now()
    run = Run.objects.create(
        **{
            "state": State.DONE if done else State.RUNNING,
            "architecture": "unet",
            "variant": "slim",
            "dataset": dataset,
            "data": f"folder:{dataset.slug}",
            "epochs": planned or epochs,
            "seed": seed,
            "config": {"batch": 8, "lr": 3e-3, "loss": "cross_entropy"},
            "protocol": PASSPORT,
            "protocol_hash": protocol_hash(PASSPORT),
            "started_at": now - timedelta(seconds=60 * epochs),
            "ended_at": now if done else None,
            **fields,
        }
    )
    attempt = Attempt.objects.create(
        run=run, number=1, owner="host:1:cpu", first_epoch=1, last_epoch=epochs
    )
    classes = len(dataset.classes)
    matrices = [
        counts_make(random, classes, 0.9 - 0.7 * np.exp(-number / 20) + random.normal(0, 0.01))
        for number in range(1, epochs + 1)
    ]
    packed = [Confusion.pack(matrix) for matrix in matrices] if confusions else [None] * epochs
    if confusions:
        packed = Confusion.objects.bulk_create(packed)
    Epoch.objects.bulk_create(
        _epoch(run, attempt, number, matrix, confusion, now - timedelta(minutes=epochs - number))
        for number, (matrix, confusion) in enumerate(zip(matrices, packed, strict=True), 1)
    )
    Usage.objects.bulk_create(
        Usage(run=run, at=now, cpu=1.5, memory_bytes=2**30 + number) for number in range(usage)
    )
    if epochs:
        run_summarise(run)
    run.refresh_from_db()
    return run


def _epoch(
    run: Run, attempt: Attempt, number: int, matrix: np.ndarray, confusion: Any, at: Any
) -> Epoch:
    found = scores(matrix)
    names = ("miou", "pixel_accuracy", "mean_accuracy", "per_class_iou")
    return Epoch(
        run=run,
        number=number,
        attempt=attempt,
        loss=2 / (1 + number / 10),
        val_loss=2.1 / (1 + number / 12),
        lr=3e-3,
        seconds=60.0,
        images_per_second=12.5,
        train_miou=min(1.0, found["miou"] * 1.05),
        confusion=confusion,
        recorded_at=at,
        **{name: found[name] for name in names},
    )


def checkpoint_make(
    *, dataset: Dataset | None = None, key: str = "", run: Run | None = None, **fields: Any
) -> Checkpoint:
    """A checkpoint on offer whose file holds no weights."""
    dataset = dataset or (run.dataset if run else dataset_make())
    key = key or (run.checkpoint_key if run else f"{dataset.slug}-unet-slim")
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    name = f"checkpoints/{sha256}.safetensors"
    sidecar = {"key": key, "classes": dataset.classes, "sha256": sha256, "options": {}}
    return Checkpoint.objects.create(
        **{
            "key": key,
            "sha256": sha256,
            "architecture": run.architecture if run else "unet",
            "variant": run.variant if run else "slim",
            "dataset": dataset,
            "run": run,
            "file": default_storage.save(name, ContentFile(b"weights")),
            "sidecar": sidecar,
            "parameters": 700_000,
            "gmacs": 8.2,
            **fields,
        }
    )


def evaluation_make(
    *,
    checkpoint: Checkpoint,
    images: int = 20,
    skill: float = 0.7,
    split: str = "val",
    seed: int = 0,
) -> Evaluation:
    """What a checkpoint scored on `images` images, with the counts of each."""
    random = np.random.default_rng(seed)
    classes = len(checkpoint.dataset.classes)
    matrices = [
        counts_make(random, classes, float(np.clip(random.normal(skill, 0.05), 0.05, 0.98)))
        for _ in range(images)
    ]
    total = sum(matrices)
    passport = PASSPORT | {"checkpoint_sha256": checkpoint.sha256}
    confusion = Confusion.pack(total)
    confusion.save()
    evaluation = Evaluation.objects.create(
        checkpoint=checkpoint,
        split=split,
        split_hash=passport["split_hash"],
        protocol=passport,
        protocol_hash=protocol_hash(passport),
        scores=scores(total),
        images=images,
        confusion=confusion,
    )
    named = [{"name": f"{n:03d}", **image_counts(m)} for n, m in enumerate(matrices)]
    ImageCounts.pack(evaluation, named).save()
    return evaluation

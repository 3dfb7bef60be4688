"""Checkpoints and evaluations as they are kept: from a sidecar to rows, weights into storage."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from experiments.models import Checkpoint, Confusion, Evaluation, ImageCounts
from experiments.records.datasets import dataset_ensure


class CheckpointDamaged(ValueError):
    """A weights file is missing or is not the one that its sidecar describes."""


def checkpoint_import(
    *,
    sidecar: dict[str, Any],
    weights: Path,
    shipped: bool,
    scores: list[dict[str, Any]] | None = None,
) -> Checkpoint:
    """Put a checkpoint on offer under its key, replacing the one that held the key before.

    `scores` are those of the sidecar, or the same with the counts of each image.
    CheckpointDamaged when `weights` is not the file that the sidecar's sha256 names.
    """
    file = _weights_store(weights, sidecar["sha256"])
    with transaction.atomic():
        dataset = dataset_ensure(
            passport=sidecar["dataset"],
            classes=sidecar["classes"],
            ignore_index=sidecar["ignore_index"],
            shipped=shipped,
        )
        # Other weights give the key up before the new row: one checkpoint at a time uses it.
        former = Checkpoint.objects.filter(key=sidecar["key"], superseded_at=None)
        former = former.exclude(sha256=sidecar["sha256"])
        withdrawn_at = former.values_list("withdrawn_at", flat=True).first()
        former.update(superseded_at=timezone.now())
        names = ("key", "architecture", "variant", "parameters", "gmacs")
        fields = {name: sidecar.get(name) for name in names}
        fields |= {"sidecar": sidecar, "file": file, "dataset": dataset, "superseded_at": None}
        checkpoint, _created = Checkpoint.objects.update_or_create(
            key=sidecar["key"],
            sha256=sidecar["sha256"],
            defaults=fields,
            # When made only: a withdrawn checkpoint that ships again stays withdrawn.
            create_defaults=fields | {"shipped": shipped, "withdrawn_at": withdrawn_at},
        )
        for entry in sidecar.get("scores", []) if scores is None else scores:
            evaluation_record(checkpoint=checkpoint, entry=entry)
    return checkpoint


def _weights_store(weights: Path, sha256: str) -> str:
    """Copy a weights file into storage under its hash, once it was found to have that hash."""
    if not weights.is_file():
        raise CheckpointDamaged(f"{weights.name}: the file is missing.")
    with weights.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise CheckpointDamaged(f"{weights.name}: its sha256 is not its sidecar's.")
        name = f"checkpoints/{sha256}{weights.suffix}"
        # Of another size it is a copy that was cut off, and made anew.
        if default_storage.exists(name) and default_storage.size(name) == weights.stat().st_size:
            return name
        default_storage.delete(name)
        return default_storage.save(name, File(file))


def evaluation_record(*, checkpoint: Checkpoint, entry: dict[str, Any]) -> Evaluation:
    """Keep what a checkpoint scored: `entry` as in a sidecar's `scores`, with its passport.

    Scores are fractions; `confusion` holds K×K pixel counts, `per_image` the counts of each image
    as ImageCounts packs them. Told again under the same protocol, it renews the same evaluation.
    """
    passport = entry["passport"]
    scores = {
        name: value
        for name, value in entry.items()
        if name not in ("split", "passport", "confusion", "images", "per_image")
    }
    evaluation, created = Evaluation.objects.update_or_create(
        checkpoint=checkpoint,
        split=entry["split"],
        split_hash=passport["split_hash"],
        protocol_hash=protocol_hash(passport),
        defaults={"protocol": passport, "scores": scores, "images": entry.get("images")},
    )
    if entry.get("per_image"):
        ImageCounts.objects.filter(evaluation=evaluation).delete()
        ImageCounts.pack(evaluation, entry["per_image"]).save()
    if created and entry.get("confusion"):
        evaluation.confusion = Confusion.pack(entry["confusion"])
        evaluation.confusion.save()
        evaluation.save(update_fields=["confusion"])
    return evaluation


def protocol_hash(passport: dict[str, Any]) -> str:
    """Names how something was scored, whatever was scored and on what."""
    # A training that nobody here knows makes no other score of the same masks.
    told = ("split_hash", "checkpoint_sha256", "training")
    rules = {name: passport[name] for name in passport if name not in told}
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()

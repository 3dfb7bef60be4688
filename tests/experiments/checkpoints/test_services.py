"""Shipped checkpoints come into database and storage once, and stay as a person left them."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import IntegrityError

from experiments.checkpoints.services import (
    checkpoint_restore,
    checkpoint_withdraw,
    zoo_sync,
)
from experiments.models import Checkpoint, Confusion, Dataset, Evaluation, ImageCounts
from experiments.records import checkpoints
from experiments.records.checkpoints import protocol_hash
from experiments.scores.results import counts_of
from models_zoo.checkpoints.counts import counts_write
from models_zoo.checkpoints.shipped import CheckpointFiles

pytestmark = pytest.mark.django_db

CLASSES = [
    {"id": 0, "name": "sky", "colour": "#a6cee3"},
    {"id": 1, "name": "road", "colour": "#5b4f9c"},
]
PASSPORT = {
    "split_hash": "ab12",
    "checkpoint_sha256": "",
    "ignore_index": 11,
    "absent_classes": "null, left out of the mean",
    "resolution": "original",
    "averaging": "data set",
    "precision": "fp32",
}


def ship(
    folder: Path, content: bytes = b"weights", *, key: str = "camvid-unet-slim"
) -> CheckpointFiles:
    """A checkpoint as the repository ships it."""
    sha256 = hashlib.sha256(content).hexdigest()
    sidecar: dict[str, Any] = {
        "format": 1,
        "key": key,
        "architecture": "unet",
        "variant": "slim",
        "options": {},
        "classes": CLASSES,
        "ignore_index": 11,
        "input_size": [360, 480],
        "dataset": {
            "slug": "camvid",
            "title": "CamVid",
            "licence": "CC BY-NC 4.0",
            "source": "Cambridge",
            "split_hash": "cd34",
        },
        "parameters": 700_000,
        "gmacs": 3.2,
        "scores": [
            {
                "split": "val",
                "miou": 0.51,
                "per_class_iou": [0.6, 0.42],
                "pixel_accuracy": 0.8,
                "images": 101,
                "confusion": [[6, 1], [2, 2**40]],
                "passport": PASSPORT | {"checkpoint_sha256": sha256},
            }
        ],
        "sha256": sha256,
    }
    weights = folder / f"{sha256[:8]}.safetensors"
    weights.write_bytes(content)
    return CheckpointFiles(sidecar, weights.with_suffix(".json"), weights)


def test_a_new_checkpoint(tmp_path: Path) -> None:
    item = ship(tmp_path)
    assert zoo_sync(zoo=[item]).added == ["camvid-unet-slim"]
    checkpoint = Checkpoint.objects.offered().with_scores().get()
    assert (checkpoint.architecture, checkpoint.variant) == ("unet", "slim")
    assert (checkpoint.parameters, checkpoint.gmacs, checkpoint.shipped) == (700_000, 3.2, True)
    assert checkpoint.file.name == f"checkpoints/{item.sidecar['sha256']}.safetensors"
    with checkpoint.file.open() as file:
        assert file.read() == b"weights"
    assert checkpoint.sidecar == item.sidecar
    dataset = checkpoint.dataset
    assert (dataset.slug, dataset.title, dataset.ignore_index) == ("camvid", "CamVid", 11)
    assert (dataset.licence, dataset.classes) == ("CC BY-NC 4.0", CLASSES)
    assert checkpoint.miou == 0.51
    evaluation = checkpoint.evaluation
    assert (evaluation.split, evaluation.split_hash, evaluation.images) == ("val", "ab12", 101)
    assert evaluation.protocol["precision"] == "fp32"
    assert evaluation.scores["per_class_iou"] == [0.6, 0.42]
    assert "confusion" not in evaluation.scores
    assert evaluation.confusion.matrix.tolist() == [[6, 1], [2, 2**40]]


def test_again_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = ship(tmp_path)
    zoo_sync(zoo=[item])
    monkeypatch.setattr(checkpoints.hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    synced = zoo_sync(zoo=[item])
    assert (synced.unchanged, synced.added) == (["camvid-unet-slim"], [])
    assert Checkpoint.objects.count() == Evaluation.objects.count() == 1


def test_counts_of_each_image_come_along_with_checkpoints_that_are_there(tmp_path: Path) -> None:
    item = ship(tmp_path)
    zoo_sync(zoo=[item])
    assert not ImageCounts.objects.exists()
    per_image = [{"name": "a.png", "hits": [6, 9], "truth": [7, 11], "predicted": [8, 10]}]
    counts_write(item.weights_path, sha256="of other weights", per_image=per_image)
    zoo_sync(zoo=[item])
    assert not ImageCounts.objects.exists()
    counts_write(item.weights_path, sha256=item.sidecar["sha256"], per_image=per_image)
    assert zoo_sync(zoo=[item]).added == ["camvid-unet-slim"]
    names, counts = counts_of(Evaluation.objects.get()) or ([], None)
    assert names == ["a.png"]
    assert counts is not None
    assert counts.hits.tolist() == [[6, 9]]
    assert zoo_sync(zoo=[item]).unchanged == ["camvid-unet-slim"]


def test_what_was_withdrawn_stays_withdrawn(tmp_path: Path) -> None:
    zoo_sync(zoo=[ship(tmp_path)])
    assert checkpoint_withdraw(checkpoint=Checkpoint.objects.get())
    zoo_sync(zoo=[ship(tmp_path)])
    assert not Checkpoint.objects.offered()
    zoo_sync(zoo=[ship(tmp_path, b"trained longer")])
    assert not Checkpoint.objects.offered()
    checkpoint_restore(checkpoint=Checkpoint.objects.get(superseded_at=None))
    zoo_sync(zoo=[ship(tmp_path, b"trained longer")])
    assert Checkpoint.objects.offered().count() == 1


def test_newer_weights_take_over_the_key_and_older_ones_can_come_back(tmp_path: Path) -> None:
    old, new = ship(tmp_path), ship(tmp_path, b"trained longer")
    for item in (old, new, old):
        zoo_sync(zoo=[item])
        assert Checkpoint.objects.offered().get().sha256 == item.sidecar["sha256"]
    assert Checkpoint.objects.count() == 2


def test_a_sidecar_that_says_more(tmp_path: Path) -> None:
    item = ship(tmp_path)
    zoo_sync(zoo=[item])
    scored = copy.deepcopy(item.sidecar)
    scored["scores"].append({**scored["scores"][0], "split": "test", "miou": 0.47})
    zoo_sync(zoo=[CheckpointFiles(scored, item.sidecar_path, item.weights_path)])
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.evaluations.count(), checkpoint.miou) == (2, 0.47)


def test_a_damaged_file_is_left_out_and_the_others_come(tmp_path: Path) -> None:
    good = ship(tmp_path, b"good", key="camvid-segnet-slim")
    damaged, missing = ship(tmp_path, b"damaged"), ship(tmp_path, b"missing")
    damaged.weights_path.write_bytes(b"something else")
    missing.weights_path.unlink()
    synced = zoo_sync(zoo=[damaged, missing, good])
    assert synced.added == ["camvid-segnet-slim"]
    assert [message.split(": ")[1] for message in synced.damaged] == [
        "its sha256 is not its sidecar's.",
        "the file is missing.",
    ]
    assert Checkpoint.objects.get().key == "camvid-segnet-slim"


def test_a_file_that_vanished_or_was_half_written_is_stored_again(tmp_path: Path) -> None:
    item = ship(tmp_path)
    zoo_sync(zoo=[item])
    path = Path(default_storage.path(Checkpoint.objects.get().file.name))
    path.unlink()
    assert zoo_sync(zoo=[item]).added
    assert path.read_bytes() == b"weights"
    Evaluation.objects.all().delete()
    Checkpoint.objects.all().delete()
    path.write_bytes(b"wei")
    zoo_sync(zoo=[item])
    assert path.read_bytes() == b"weights"


def test_one_key_is_in_use_once(tmp_path: Path) -> None:
    zoo_sync(zoo=[ship(tmp_path)])
    checkpoint = Checkpoint.objects.get()
    checkpoint.pk, checkpoint.sha256 = None, "another"
    with pytest.raises(IntegrityError):
        checkpoint.save()


def test_unlike_protocols_are_told_apart() -> None:
    assert protocol_hash(PASSPORT) == protocol_hash(
        PASSPORT | {"checkpoint_sha256": "other", "split_hash": "other"}
    )
    assert protocol_hash(PASSPORT) != protocol_hash(PASSPORT | {"precision": "bf16"})


def test_confusion_counts_are_exact_and_small() -> None:
    counts = np.random.default_rng(0).integers(0, 2**45, (30, 30))
    assert np.array_equal(Confusion.pack(counts).matrix, counts)
    assert len(Confusion.pack(np.zeros((30, 30), int)).counts) < 100


@pytest.mark.slow
def test_the_command_brings_what_is_shipped() -> None:
    call_command("sync_zoo")
    call_command("sync_zoo")
    for checkpoint in Checkpoint.objects.exclude(file="").with_scores():
        dataset = checkpoint.dataset.slug
        assert checkpoint.key == f"{dataset}-{checkpoint.architecture}-{checkpoint.variant}"
        assert 0 < checkpoint.miou < 1
    assert Dataset.objects.count() <= Checkpoint.objects.count()

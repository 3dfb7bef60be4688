"""The histories that ship beside weights, as runs that can be looked at like any other."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from experiments.models import Checkpoint, Confusion, Epoch, Kind, Probe, Run
from experiments.records.checkpoints import protocol_hash
from experiments.records.configuration import FIELDS
from experiments.records.datasets import dataset_ensure
from experiments.records.epochs import epoch_values, metrics_told, run_summarise
from experiments.runs.keeping import run_delete
from models_zoo.checkpoints.history import History, history_read
from segweb.jobs import State
from segweb.jobs.files import folder_bytes


def run_import(*, history: Path) -> Run | None:
    """The shipped run of a history file; None when it is there already, or was removed.

    Idempotent by sha256. A newer history under the same key takes the older one's place; one that
    someone removed stays removed. ValueError when the file is no history.
    """
    digest = hashlib.sha256(history.read_bytes()).hexdigest()
    if Run.objects.filter(shipped_sha256=digest).exists():
        return None
    told = history_read(history)
    former = Run.objects.filter(kind=Kind.SHIPPED, name=told.about["key"])
    with transaction.atomic():
        removed_at = former.exclude(removed_at=None).values_list("removed_at", flat=True).first()
        for run in former:
            run_delete(run=run)
        # run_delete leaves the row of a shipped run as a mark; the newer one gets its own.
        former.delete()
        run = Run.objects.create(
            **_fields(told.about), shipped_sha256=digest, removed_at=removed_at
        )
        if removed_at:
            return None
        _epochs_keep(run, told)
        for name, content in told.files.items():
            file = default_storage.save(f"{run.folder}/{name}", ContentFile(content))
            kind, *inside = name.split("/")
            if kind == "probes":
                number, leaf = inside
                image = leaf.removesuffix(".png")
                Probe.objects.create(run=run, epoch=int(number), name=image, file=file)
        Run.objects.filter(pk=run.pk).update(disk_bytes=folder_bytes(folder=run.folder))
        offered = Checkpoint.objects.filter(sha256=told.about["sha256"], shipped=True)
        offered.update(run=run)
    run.refresh_from_db()
    return run


def _fields(about: dict[str, Any]) -> dict[str, Any]:
    dataset = dataset_ensure(
        passport=about["dataset"],
        classes=about["dataset"]["classes"],
        ignore_index=about["ignore_index"],
        shipped=True,
    )
    config, protocol = about["config"], about["protocol"]
    started = datetime.fromtimestamp(about["started"], UTC)
    return {
        "name": about["key"],
        "kind": Kind.SHIPPED,
        "state": State.DONE,
        "architecture": about["architecture"],
        "variant": about["variant"],
        "dataset": dataset,
        "data": dataset.slug,
        "config": {name: value for name, value in config.items() if name in FIELDS},
        "epochs": config["epochs"],
        "seed": config["seed"],
        "created_at": started,
        "started_at": started,
        "ended_at": started + timedelta(seconds=about["seconds"]),
        "environment": about["environment"] | {"command": about["command"]},
        "protocol": protocol,
        "protocol_hash": protocol_hash(protocol) if protocol else "",
    }


def _epochs_keep(run: Run, told: History) -> None:
    events = told.about["epochs"]
    confusions = Confusion.objects.bulk_create(
        Confusion.pack(event["confusion"]) for event in events
    )
    Epoch.objects.bulk_create(
        Epoch(
            run=run,
            number=event["epoch"],
            confusion=confusion,
            recorded_at=datetime.fromtimestamp(event["time"], UTC),
            **epoch_values(metrics_told(event)),
        )
        for event, confusion in zip(events, confusions, strict=True)
    )
    run_summarise(run)

"""From a run's folder to a checkpoint on offer; which of its files stay."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Checkpoint, Confusion, Kind, Run
from experiments.records.checkpoints import CheckpointDamaged, checkpoint_import
from models_zoo.training.record.state import KEPT, state_files
from segweb.audit import act_record
from segweb.host.artefacts import local_path
from segweb.jobs import ENDED
from segweb.jobs.files import folder_bytes
from segweb.models import Act

WEIGHTS, SIDECAR, COUNTS = "best.safetensors", "best.json", "best.evaluation.json"


def checkpoint_publish(*, run: Run) -> Checkpoint:
    """Put a run's best weights on offer under `run<ID>-best`, with what each image scored.

    It happens by itself when a run is DONE, since only those who may launch runs can make any; it
    is on offer to whoever may read the run, and stays withdrawn where it was. CheckpointDamaged
    when there are none.
    """
    try:
        with default_storage.open(f"{run.folder}/{SIDECAR}") as file:
            sidecar = json.load(file)
        with default_storage.open(f"{run.folder}/{COUNTS}") as file:
            per_image = json.load(file)["per_image"]
    except FileNotFoundError as fault:
        raise CheckpointDamaged(_("The run has no finished weights yet.")) from fault
    sidecar |= {"key": run.checkpoint_key}
    first, *others = sidecar["scores"]
    scores = [first | {"per_image": per_image}, *others]
    weights = Path(local_path(f"{run.folder}/{WEIGHTS}"))
    with transaction.atomic():
        checkpoint = checkpoint_import(
            sidecar=sidecar, weights=weights, shipped=False, scores=scores
        )
        Checkpoint.objects.filter(pk=checkpoint.pk).update(run=run)
        subject = f"checkpoint {checkpoint.key}"
        act_record(what=Act.What.PUBLISHED, subject=subject, account=run.owner)
        for former in Checkpoint.objects.filter(key=checkpoint.key).exclude(pk=checkpoint.pk):
            _drop_unused(former)
    return checkpoint


def checkpoints_drop(*, checkpoints: QuerySet[Checkpoint]) -> None:
    """Take checkpoints off offer; those that nothing was predicted with are deleted."""
    checkpoints.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    for checkpoint in checkpoints:
        _drop_unused(checkpoint)


def _drop_unused(checkpoint: Checkpoint) -> None:
    """Delete weights, unless something was predicted with them or they are in use."""
    try:
        with transaction.atomic():
            # Evaluations go with their checkpoint, but not the counts that they point to.
            Confusion.objects.filter(evaluation__checkpoint=checkpoint).delete()
            checkpoint.delete()
    except ProtectedError:
        return
    # Equal runs make equal weights: another key may need the same file.
    name = str(checkpoint.file)
    if not Checkpoint.objects.filter(file=name).exists():
        transaction.on_commit(partial(default_storage.delete, name))


@dataclass
class Pruned:
    """What pruning removed."""

    files: int = 0
    bytes: int = 0


def checkpoints_prune() -> Pruned:
    """Of every run that ended, keep best weights and the last two states; remove what is older."""
    pruned = Pruned()
    for run in Run.objects.filter(state__in=ENDED, kind=Kind.TRAINED):
        removed = _prune(run)
        Run.objects.filter(pk=run.pk).update(disk_bytes=folder_bytes(folder=run.folder))
        pruned.files += removed.files
        pruned.bytes += removed.bytes
    return pruned


def run_tidy(*, run: Run) -> int:
    """Prune one run that is about to end; the bytes that it takes from now on."""
    _prune(run)
    return folder_bytes(folder=run.folder)


def _prune(run: Run) -> Pruned:
    # As many as while it trained: whoever goes on with it may find the newest one damaged.
    old = state_files(Path(default_storage.path(run.folder)))[:-KEPT]
    pruned = Pruned(len(old), sum(path.stat().st_size for path in old))
    for path in old:
        path.unlink()
    return pruned

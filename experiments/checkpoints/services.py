"""What checkpoints are on offer: the shipped ones brought in, any withdrawn and put back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from experiments.models import Checkpoint, ImageCounts
from experiments.records.checkpoints import CheckpointDamaged, checkpoint_import
from models_zoo.checkpoints.shipped import CheckpointFiles, shipped
from segweb.audit import act_record
from segweb.models import Act


@dataclass
class Synced:
    """What `zoo_sync` did, by checkpoint key."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def zoo_sync(*, zoo: Iterable[CheckpointFiles] | None = None) -> Synced:
    """Bring the shipped checkpoints into database and storage; reads JSON and hashes new files.

    Idempotent by sha256. A withdrawn key stays withdrawn, with newer weights too.
    """
    synced = Synced()
    counts = ImageCounts.objects.filter(evaluation__checkpoint__superseded_at=None)
    counted = set(counts.values_list("evaluation__checkpoint__key", flat=True))
    for item in shipped() if zoo is None else zoo:
        key, sha256 = item.sidecar["key"], item.sidecar["sha256"]
        current = Checkpoint.objects.filter(key=key, sha256=sha256, superseded_at=None).first()
        same = current is not None and current.sidecar == item.sidecar
        # Those of before shipped without the counts of each image.
        same = same and (key in counted or not item.counts_path.exists())
        if current is not None and same and default_storage.exists(str(current.file)):
            synced.unchanged.append(key)
            continue
        try:
            checkpoint_import(
                sidecar=item.sidecar, weights=item.weights_path, shipped=True, scores=item.scores()
            )
            synced.added.append(key)
        except CheckpointDamaged as fault:
            synced.damaged.append(str(fault))
    return synced


def checkpoint_withdraw(*, checkpoint: Checkpoint) -> bool:
    """Take a checkpoint off offer; what was predicted with it stays. False if it was off."""
    offered = Checkpoint.objects.filter(pk=checkpoint.pk, withdrawn_at=None)
    with transaction.atomic():
        changed = offered.update(withdrawn_at=timezone.now())
        if changed:
            act_record(what=Act.What.WITHDRAWN, subject=f"checkpoint {checkpoint.key}")
    return bool(changed)


def checkpoint_restore(*, checkpoint: Checkpoint) -> bool:
    """Put a withdrawn checkpoint on offer again. False if it was on offer."""
    withdrawn = Checkpoint.objects.filter(pk=checkpoint.pk, withdrawn_at__isnull=False)
    with transaction.atomic():
        changed = withdrawn.update(withdrawn_at=None)
        if changed:
            act_record(what=Act.What.PUBLISHED, subject=f"checkpoint {checkpoint.key}")
    return bool(changed)

"""What checkpoints are on offer: the shipped ones, those from elsewhere, any withdrawn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Checkpoint, Dataset, ImageCounts, NetworkExport, NetworkImport
from experiments.records.checkpoints import CheckpointDamaged, checkpoint_import
from experiments.records.imports import import_queue
from experiments.records.sources import data_find
from models_zoo.checkpoints.shipped import CheckpointFiles, shipped
from segweb.audit import act_record
from segweb.jobs import ENDED, State, wakeups
from segweb.jobs.quotas import queue_require, take_turns
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


def network_import(
    *,
    file: BinaryIO,
    owner: User | None,
    options: dict[str, str],
    dataset: Dataset | None = None,
    score: bool = False,
    pk: UUID | None = None,
) -> NetworkImport:
    """Queue a network from elsewhere, which a worker looks at, tries and puts on offer.

    `options` as `NetworkImport` has them; its classes are `dataset`'s where that is given, JSON or
    names, one a line. `score` has it scored on that data set's images. ValidationError says that
    there are none.
    """
    options = {name: text.strip() for name, text in options.items() if text.strip()}
    if dataset is not None:
        terms = {name: getattr(dataset, name) for name in ("slug", "title", "licence", "source")}
        classes = {"classes": dataset.classes, "ignore_index": dataset.ignore_index}
        options["classes"] = json.dumps(classes | terms)
    elif names := options.get("classes"):
        if not names.startswith(("[", "{")):
            names = json.dumps([name.strip() for name in names.splitlines() if name.strip()])
        options["classes"] = f'{{"classes": {names}}}' if names.startswith("[") else names
    if score and dataset is None:
        raise ValidationError(_("To be scored, it needs the classes of a data set that is here."))
    name = str(getattr(file, "name", "") or "")
    options.setdefault("name", _network_name(name))
    queued = NetworkImport(pk=pk or uuid4(), name=name[:200], owner=owner, options=options)
    queued.data = data_find(dataset.slug) if score and dataset else ""
    import_queue(queued=queued, upload=queued.network, file=file, name="network.onnx")
    return queued


def network_export(
    *, checkpoint: Checkpoint, form: str, owner: User | None, pk: UUID | None = None
) -> NetworkExport:
    """A checkpoint's export in one of FORMS: the one that there is, or a new one, queued.

    ValidationError says why it cannot be exported; QueueFull that too much waits.
    """
    if not checkpoint.file:
        raise ValidationError(_("The weights of %(key)s are not here.") % {"key": checkpoint.key})
    if "onnx" in checkpoint.sidecar:
        text = _("%(key)s came as an ONNX file: take that one.")
        raise ValidationError(text % {"key": checkpoint.key})
    failed = [state for state in ENDED if state != State.DONE]
    with transaction.atomic():
        take_turns(f"export {checkpoint.pk} {form}")
        rows = NetworkExport.objects.filter(checkpoint=checkpoint, form=form)
        if there := rows.exclude(state__in=failed).first():
            return there
        queue_require((NetworkExport,), owner=owner)
        queued = NetworkExport.objects.create(
            pk=pk or uuid4(), checkpoint=checkpoint, form=form, owner=owner
        )
        wakeups.send_on_commit(queued)
    return queued


def exports_visible(user: Any) -> QuerySet[NetworkExport]:
    """The exports of checkpoints on offer that this account may read."""
    checkpoints = Checkpoint.objects.offered().visible_to(user)
    return NetworkExport.objects.filter(checkpoint__in=checkpoints).select_related("checkpoint")


def _network_name(file: str) -> str:
    """What a network is called whose uploader did not say: as its file."""
    stem = Path(file.replace("\\", "/")).stem.lower()
    return re.sub(r"[^a-z0-9]+", "_", stem).strip("_")[:40].strip("_") or "network"

"""Masks that something else predicted, as a score: an evaluation without anybody's network.

A run from elsewhere that has ended carries it, so that it stands in the run table and can be
compared by chance; its checkpoint has no weights and is never on offer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import MASKS_ALONE, Checkpoint, Kind, MasksImport, Run
from experiments.records.archives import entries_named
from experiments.records.checkpoints import evaluation_record
from experiments.records.imports import import_progress, import_queue
from experiments.records.sources import data_dataset, data_find, data_open, faults_told
from models_zoo.data import DatasetSplit
from models_zoo.data.listing import MASK_SUFFIX
from models_zoo.networks.catalogue import known
from models_zoo.predict.elsewhere import MOST_BYTES, Masks, masks_score
from segweb.audit import act_record
from segweb.http.zips import ZipEntry
from segweb.jobs import JobReturned, Lease, State, job_update, patiently
from segweb.models import Act

NAME_LENGTH = 100  # as the column of an architecture has it


def masks_import(
    *,
    file: BinaryIO,
    name: str,
    dataset: str,
    split: str,
    owner: User | None,
    pk: UUID | None = None,
) -> MasksImport:
    """Queue a zip of masks, which a worker scores on a split of a data set.

    `dataset` is a slug or a specification. ValidationError says what is wrong, as far as the zip's
    list of entries tells it.
    """
    name = _named(name)
    data = data_find(dataset)
    data_open(data, split)
    _entries(file)
    file.seek(0)
    queued = MasksImport(pk=pk or uuid4(), name=name, data=data, split=split, owner=owner)
    import_queue(queued=queued, upload=queued.archive, file=file, name="archive.zip")
    return queued


def carry_out(row: MasksImport, lease: Lease) -> dict[str, Any]:
    """The fields that an import of masks gains by being carried out.

    ValidationError names the mask that does not fit.
    """
    with row.archive.open() as file:
        masks = {str(entry.path): entry.read for entry in _entries(cast("BinaryIO", file))}
        checkpoint = masks_record(
            name=row.name,
            masks=masks,
            data=row.data,
            split=row.split,
            owner=row.owner,
            lease=lease,
        )
    return {"checkpoint": checkpoint}


def masks_record(
    *,
    name: str,
    masks: Path | Masks,
    data: str,
    split: str,
    owner: User | None = None,
    lease: Lease | None = None,
) -> Checkpoint:
    """Score masks, as `masks_score` takes them, on a split of `data`, and keep that under `name`.

    The same masks under the same name are kept once. ValidationError says which do not fit. Where
    a job does it, nothing is kept without its `lease`.
    """
    name = _named(name)
    dataset = data_dataset(data)
    if dataset is None:
        raise ValidationError(_("These data are not known here yet: train or score on them first."))
    opened = data_open(data, split)
    progress = (import_progress(lease=lease),) if lease else ()
    with faults_told():
        scored = masks_score(masks, opened, *progress)
    entry: dict[str, Any] = {**scored.scores, "per_image": scored.per_image}
    subject = {"architecture": name, "variant": MASKS_ALONE, "dataset": dataset}
    run = {**subject, "name": name, "data": data, "owner": owner}
    return patiently(lambda: _keep(entry, opened, subject, run, lease))


def _keep(
    entry: dict[str, Any],
    opened: DatasetSplit,
    subject: dict[str, Any],
    told: dict[str, Any],
    lease: Lease | None,
) -> Checkpoint:
    sha256 = entry["passport"]["checkpoint_sha256"]
    # Equal masks of two splits, as those of one class alone may be, are two scores.
    alike = Checkpoint.objects.filter(
        **subject,
        sha256=sha256,
        evaluations__split=opened.split,
        evaluations__split_hash=opened.split_hash,
    )
    with transaction.atomic():
        # Fenced by the first write: whoever took the job over does the rest.
        if lease and not job_update(lease=lease, error=""):
            raise JobReturned(tried=False)
        if kept := alike.first():
            return kept
        now = timezone.now()
        ended = {"kind": Kind.EXTERNAL, "state": State.DONE, "started_at": now, "ended_at": now}
        run = Run.objects.create(**told, **ended)
        key = f"run{run.pk}-masks"
        checkpoint = Checkpoint.objects.create(
            **subject,
            key=key,
            sha256=sha256,
            run=run,
            parameters=0,
            sidecar={
                "key": key,
                "classes": opened.classes,
                "ignore_index": opened.ignore_index,
                "created": now.isoformat(),
                "training": {"imported": True},
            },
        )
        evaluation_record(checkpoint=checkpoint, entry=entry)
        act_record(what=Act.What.LAUNCHED, subject=f"run {run.pk}: {run}", account=run.owner)
    return checkpoint


def _named(name: str) -> str:
    """What predicted the masks, as a board may call it. ValidationError says why not."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise ValidationError(_("Give what predicted the masks a name of at most 100 characters."))
    if name in known():
        # Its page would take their score for its own.
        text = _("There is an architecture called %(name)s. Give the masks another name.")
        raise ValidationError(text % {"name": name})
    return name


def _entries(file: BinaryIO) -> list[ZipEntry]:
    """The masks of a zip; what lies beside them is passed over."""
    return entries_named(
        file,
        endings={MASK_SUFFIX},
        kinds=_("PNGs"),
        wanted=lambda path: path.suffix.lower() == MASK_SUFFIX,
        file_bytes_max=MOST_BYTES,
    )

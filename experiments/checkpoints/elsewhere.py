"""Masks that something else predicted, as a score: an evaluation without anybody's network.

A run from elsewhere that has ended carries it, so that it stands in the run table and can be
compared by chance; its checkpoint has no weights and is never on offer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import MASKS_ALONE, Checkpoint, Kind, Run
from experiments.records.checkpoints import evaluation_record
from experiments.records.sources import data_dataset, data_open, faults_told
from models_zoo.predict.elsewhere import masks_score
from segweb.audit import act_record
from segweb.jobs import State
from segweb.models import Act

NAME_LENGTH = 100  # as the column of an architecture has it


def masks_record(
    *, name: str, masks: Path, data: str, split: str, owner: User | None = None
) -> Checkpoint:
    """Score the masks of a zip or folder on a split of `data`, and keep that under `name`.

    The same masks under the same name are kept once. ValidationError says which do not fit.
    """
    if not name.strip() or len(name) > NAME_LENGTH:
        raise ValidationError(_("Give what predicted the masks a name of at most 100 characters."))
    dataset = data_dataset(data)
    if dataset is None:
        raise ValidationError(_("These data are not known here yet: train or score on them first."))
    opened = data_open(data, split)
    with faults_told():
        scored = masks_score(masks, opened)
    entry: dict[str, Any] = {**scored.scores, "per_image": scored.per_image}
    sha256 = entry["passport"]["checkpoint_sha256"]
    alike = Checkpoint.objects.filter(sha256=sha256, architecture=name, dataset=dataset)
    with transaction.atomic():
        if kept := alike.filter(variant=MASKS_ALONE).first():
            return kept
        now = timezone.now()
        run = Run.objects.create(
            kind=Kind.EXTERNAL,
            state=State.DONE,
            name=name,
            architecture=name,
            variant=MASKS_ALONE,
            dataset=dataset,
            data=data,
            owner=owner,
            started_at=now,
            ended_at=now,
        )
        key = f"run{run.pk}-masks"
        checkpoint = Checkpoint.objects.create(
            key=key,
            sha256=sha256,
            architecture=name,
            variant=MASKS_ALONE,
            dataset=dataset,
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
        act_record(what=Act.What.LAUNCHED, subject=f"run {run.pk}: {run}", account=owner)
    return checkpoint

"""What people do with runs that are there: describe, tag, publish, delete; one or several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from experiments.models import Confusion, Kind, Run
from experiments.records.publishing import checkpoints_drop
from models_zoo.files import is_plain
from segweb.audit import act_record
from segweb.jobs.files import folder_delete
from segweb.models import Act

LONGEST_TAG, MOST_TAGS, LONGEST_NOTES = 50, 20, 20_000


def description_check(*, name: str, notes: str, tags: Sequence[str]) -> dict[str, Any]:
    """Name, notes and tags as they are kept: tags trimmed, each once. ValidationError by field."""
    kept = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(kept) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in kept):
        raise ValidationError({"tags": _("At most 20 tags of at most 50 characters.")})
    if len(notes) > LONGEST_NOTES or not all(map(is_plain, (name, notes, *kept))):
        raise ValidationError({"notes": _("These notes are too long, or no text.")})
    return {"name": name.strip()[:200], "notes": notes, "tags": kept}


def run_annotate(
    *,
    run: Run,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    private: bool | None = None,
) -> Run:
    """Change what people say of a run, whatever is not None. ValidationError by field."""
    given = {"name": name, "notes": notes, "tags": tags}
    known = {field: value for field, value in given.items() if value is not None}
    described = description_check(
        **{"name": run.name, "notes": run.notes, "tags": run.tags} | known
    )
    with transaction.atomic():
        # No save(): it would write the whole row back over what a worker recorded meanwhile.
        Run.objects.filter(pk=run.pk).update(**described)
        if private is not None:
            run_publish(run=run, public=not private)
    run.refresh_from_db()
    return run


def run_publish(*, run: Run, public: bool) -> bool:
    """Let every account read a run and its checkpoints, or its owner and staff alone.

    False when nothing changed. ValidationError for a private run of nobody's.
    """
    if not public and run.owner_id is None:
        raise ValidationError({"private": _("A run of nobody's cannot be private.")})
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, private=public).update(private=not public)
        if changed:
            what = Act.What.PUBLISHED if public else Act.What.WITHDRAWN
            act_record(what=what, subject=f"run {run.pk}: {run}")
    return bool(changed)


def run_delete(*, run: Run) -> None:
    """Delete a run with its epochs and files; its published checkpoint stays.

    What was private stays so: nobody is left who could read its checkpoint, which goes too, or is
    off offer where something was predicted with it.

    A worker that trains it finds its lease gone, and kills its trainer. A shipped run leaves a
    mark, so that it does not come back with the next start.
    """
    confusions = Confusion.objects.filter(epoch__run=run)
    with transaction.atomic():
        # The row first, as a worker does that records an epoch: else the two might lock each other.
        locked = Run.objects.select_for_update().filter(pk=run.pk)
        private = locked.values_list("private", flat=True).first()
        confusions.delete()
        act_record(what=Act.What.DELETED, subject=f"run {run.pk}: {run}")
        if private:  # which it may have become since `run` was read
            checkpoints_drop(checkpoints=run.checkpoints.all())
        if run.kind == Kind.SHIPPED:
            for rows in (run.epoch_rows, run.probes):
                rows.all().delete()
            Run.objects.filter(pk=run.pk).update(removed_at=Now(), history=[], disk_bytes=0)
            transaction.on_commit(partial(folder_delete, folder=run.folder))
        else:
            Run.objects.filter(pk=run.pk).delete()  # its files follow (segweb.jobs.files)


def runs_tag(*, runs: Sequence[Run], add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
    """Set and take tags of several runs: all of them or none.

    ValidationError for tags too long, and for a run that would have too many.
    """
    with transaction.atomic():
        # Locked and read anew: others may tag them too.
        for run in Run.objects.select_for_update().filter(pk__in=[run.pk for run in runs]):
            kept = [tag for tag in run.tags if tag not in remove]
            run_annotate(run=run, tags=[*kept, *add])


def runs_delete(*, runs: Sequence[Run]) -> list[Run]:
    """Delete those of several runs that have ended, as `run_delete` does; the others are returned.

    One that goes on is stopped first, by who knows that it does: among many it may be overlooked.
    """
    going = []
    for run in runs:
        with transaction.atomic():
            # Locked: it might be resumed meanwhile.
            found = Run.objects.select_for_update().filter(pk=run.pk).first()
            if found and found.ended:
                run_delete(run=found)
            elif found:  # else somebody deleted it, maybe with the first of two clicks
                going.append(run)
    return going

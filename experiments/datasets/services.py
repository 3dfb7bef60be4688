"""Importing a data set: a zip in one of models_zoo's layouts, checked before it is kept."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from experiments.datasets.archives import archive_entries
from experiments.models import Import
from segweb.audit import act_record
from segweb.jobs import wakeups
from segweb.models import Act


def dataset_import(*, file: BinaryIO, owner: User | None, pk: UUID | None = None) -> Import:
    """Queue a zipped data set, which a worker unpacks, looks at and keeps.

    What its list of entries shows is refused here. ValidationError says what, with file names.
    """
    archive_entries(file)
    file.seek(0)
    name = str(getattr(file, "name", "") or "")
    queued = Import(pk=pk or uuid4(), name=name[:200], owner=owner)
    try:
        stored = file if isinstance(file, File) else File(file)
        queued.archive = default_storage.save(f"{queued.folder}/archive.zip", stored)
        with transaction.atomic():
            queued.save(force_insert=True)
            wakeups.send_on_commit(queued)
            subject = f"import {queued.pk}: {queued.name}"
            act_record(what=Act.What.LAUNCHED, subject=subject, account=owner)
    # Whatever ends it, also a process told to stop: no file stays without its row.
    except BaseException:
        # By name: a repetition of the same request may have stored its own here.
        if queued.archive.name:
            default_storage.delete(queued.archive.name)
        with suppress(OSError):
            default_storage.delete(queued.folder)
        raise
    return queued

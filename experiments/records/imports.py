"""Queueing what somebody brings: its file and its row, both or neither."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile

from experiments.models import Import, NetworkImport
from segweb.audit import act_record
from segweb.jobs import wakeups
from segweb.models import Act


def import_queue(
    *, queued: Import | NetworkImport, upload: FieldFile, file: BinaryIO, name: str
) -> None:
    """Store `file` as `name` in a new row's folder, as its `upload`, and queue the row."""
    try:
        stored = file if isinstance(file, File) else File(file)
        upload.name = default_storage.save(f"{queued.folder}/{name}", stored)
        with transaction.atomic():
            queued.save(force_insert=True)
            wakeups.send_on_commit(queued)
            subject = f"import {queued.pk}: {queued.name}"
            act_record(what=Act.What.LAUNCHED, subject=subject, account=queued.owner)
    # Whatever ends it, also a process told to stop: no file stays without its row.
    except BaseException:
        # By name: a repetition of the same request may have stored its own here.
        if upload.name:
            default_storage.delete(upload.name)
        with suppress(OSError):
            default_storage.delete(queued.folder)
        raise

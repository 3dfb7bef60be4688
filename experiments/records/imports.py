"""What somebody brings: queued with its file and its row, both or neither; how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile

from experiments.models import Brought
from segweb.audit import act_record
from segweb.jobs import Lease, job_update, patiently, wakeups
from segweb.models import Act

TOLD_SECONDS = 1.0  # between two notes of how far it is


def import_queue(*, queued: Brought, upload: FieldFile, file: BinaryIO, name: str) -> None:
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


def import_progress(*, lease: Lease) -> Callable[[int, int], None]:
    """Called after each step, with how many there are: the row knows of it within a second."""
    told = time.monotonic()

    def progress(step: int, steps: int) -> None:
        nonlocal told
        if step == steps or time.monotonic() > told + TOLD_SECONDS:
            told = time.monotonic()
            patiently(lambda: job_update(lease=lease, step=step, steps=steps))

    return progress

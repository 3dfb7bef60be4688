"""Importing a data set: a zip in one of models_zoo's layouts, checked before it is kept."""

from __future__ import annotations

from typing import BinaryIO
from uuid import UUID, uuid4

from django.contrib.auth.models import User

from experiments.datasets.archives import archive_entries
from experiments.models import Import
from experiments.records.imports import import_queue


def dataset_import(*, file: BinaryIO, owner: User | None, pk: UUID | None = None) -> Import:
    """Queue a zipped data set, which a worker unpacks, looks at and keeps.

    What its list of entries shows is refused here. ValidationError says what, with file names.
    """
    archive_entries(file)
    file.seek(0)
    name = str(getattr(file, "name", "") or "")
    queued = Import(pk=pk or uuid4(), name=name[:200], owner=owner)
    import_queue(queued=queued, upload=queued.archive, file=file, name="archive.zip")
    return queued

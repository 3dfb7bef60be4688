"""Files that no row names: what a process leaves that is killed between a file and its row.

Every request and every worker stores files first and the row that names them afterwards, and
tidies up when it fails. Only kill -9 and a power cut leave files behind.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_delete
from django.utils import timezone

from segweb.jobs.files import files_follow, folder_delete, folder_list

logger = logging.getLogger(__name__)

GRACE = timedelta(days=1)  # no request and no import takes that long
_AT_ONCE = 500  # names in one query

# By storage folder: which of these names in it some row has.
_named: dict[str, Callable[[Collection[str]], Collection[str]]] = {}


def folders_follow(model: type[models.Model]) -> None:
    """The `folder` of each row of this model goes with its row, and goes too without one."""
    # By signal: rows also go with an account or in bulk, and no service hears of it.
    post_delete.connect(files_follow, sender=model)
    blank: Any = model()
    if parent := blank.folder.rpartition("/")[0]:
        _named[parent] = partial(_with_row, model)


def files_named(folder: str, *, by: Callable[[], Collection[str]]) -> None:
    """What lies directly in a storage folder stays while its key is among those that `by` gives."""
    _named[folder] = lambda names: {key.rpartition("/")[2] for key in by()}.intersection(names)


def orphans_collect() -> list[str]:
    """Remove what no row has named for a day; the keys of what was removed, told in the log."""
    now, made, removed = timezone.now(), _database_made(), []
    for folder, named in _named.items():
        for key in _unnamed(folder, named):
            changed = _changed(key)
            # What is older than the database belongs to another one that lay here.
            if made < changed < now - GRACE:
                folder_delete(folder=key)
                logger.info("Removed %s: no row has named it for a day.", key)
                removed.append(key)
    for upload in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        try:
            if upload.stat().st_mtime >= (now - GRACE).timestamp():
                continue
            if upload.is_dir():  # in which one was decoded
                shutil.rmtree(upload)
            else:
                upload.unlink()
        except (FileNotFoundError, PermissionError):
            continue  # a request was faster, or it is no upload
        logger.info("Removed %s: the upload was never finished.", upload.name)
        removed.append(upload.name)
    return removed


def _database_made() -> datetime:
    applied = MigrationRecorder(connection).migration_qs.order_by("applied")
    first: datetime = applied.values_list("applied", flat=True)[0]
    return first


def _unnamed(folder: str, named: Callable[[Collection[str]], Collection[str]]) -> Iterator[str]:
    folders, files = folder_list(folder)
    names = [*folders, *files]
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        # Rows are asked for after the names: what is stored meanwhile is not among these.
        yield from (f"{folder}/{name}" for name in sorted({*some}.difference(named(some))))


def _with_row(model: type[models.Model], names: Collection[str]) -> set[str]:
    """Those that are the key of a row, and those that could be none: they are somebody else's."""
    keys = {}
    for name in names:
        try:
            keys[model._meta.pk.to_python(name)] = name
        except ValidationError:
            continue
    found = model._default_manager.filter(pk__in=keys).values_list("pk", flat=True)
    return {*names}.difference(keys.values()) | {keys[pk] for pk in found}


def _changed(key: str) -> datetime:
    """When anything changed there last; now, where someone else is removing it."""
    folders, files = folder_list(key)
    times = [_changed(f"{key}/{name}") for name in (*folders, *files)]
    try:
        times.append(default_storage.get_modified_time(key))
    except FileNotFoundError:
        return timezone.now()
    return max(times)

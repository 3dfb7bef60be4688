"""A full disk: what tells it, whoever wrote, and files that are stored whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from pathlib import PurePath
from typing import Any
from uuid import uuid4

from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError
from django.utils.translation import gettext_noop

from models_zoo.files import disk_full

DISK_FULL = gettext_noop("The server's disk is full. Nothing was kept: try again when it has room.")
_POSTGRES_DISK_FULL = "53100"


def told_disk_full(fault: BaseException | None) -> bool:
    """Whether a fault of a file or of the database says that there is no room left."""
    cause = fault.__cause__ if isinstance(fault, DatabaseError) else fault
    return cause is not None and (
        disk_full(cause)
        or getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(cause, "sqlstate", None) == _POSTGRES_DISK_FULL
    )


class WholeFiles(FileSystemStorage):
    """Django's storage on a disk, in which no name leads to a part of a file.

    Django's own leaves what it had written when the disk filled up or the process was killed: a
    thumbnail of no bytes was served for ever.
    """

    def _save(self, name: str, content: Any) -> str:
        draft = str(PurePath(name).with_name(f".{uuid4().hex}.tmp"))
        try:
            super()._save(draft, content)  # type: ignore[misc]  # which the stubs leave out
            while True:
                try:
                    # Unlike a renamed one, a link never takes the place of another file.
                    os.link(self.path(draft), self.path(name))
                    return name
                except FileExistsError:
                    name = self.get_available_name(name)
        finally:
            self.delete(draft)

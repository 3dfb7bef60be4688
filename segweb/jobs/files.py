"""What is left behind in Django's storage: folders that follow their rows."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction


def folder_clear(*, folder: str, keep: Collection[str] = (), only: int | None = None) -> None:
    """Delete the files directly in a storage folder, but those to keep.

    With `only`, no others than those whose name begins with that number. "" is no folder.
    """
    if not folder:  # else it would be all of storage
        return
    # No digit may follow: attempt 1 must leave alone what attempt 12 wrote.
    own = re.compile(rf"{only}\D" if only is not None else "")
    for name in folder_list(folder)[1]:
        if own.match(name) and f"{folder}/{name}" not in keep:
            default_storage.delete(f"{folder}/{name}")
    if not keep and only is None:
        default_storage.delete(folder)


def folder_delete(*, folder: str) -> None:
    """Delete a storage folder with everything in it; "" and one that is not there are nothing.

    What a trainer still writes meanwhile stays; its worker deletes the folder once it is gone.
    """
    if not folder:
        return
    folders, files = folder_list(folder)
    for name in folders:
        folder_delete(folder=f"{folder}/{name}")
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    # A folder in which a trainer still writes is not empty, and stays.
    with suppress(OSError):
        default_storage.delete(folder)


def folder_bytes(*, folder: str) -> int:
    """How much disk a storage folder takes, in bytes; 0 for one that is not there."""
    folders, files = folder_list(folder)
    return sum(folder_bytes(folder=f"{folder}/{name}") for name in folders) + sum(
        default_storage.size(f"{folder}/{name}") for name in files
    )


def files_follow(instance: Any, **_: Any) -> None:
    """Receiver of post_delete: whatever way a row is deleted, its folder goes at the commit."""
    # Not before: a deletion that is rolled back must find its files in place.
    transaction.on_commit(partial(folder_delete, folder=instance.folder))


def folder_list(folder: str) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a storage folder; none in what is no folder."""
    try:
        return default_storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return [], []

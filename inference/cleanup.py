"""Files follow their rows: whatever way a row is deleted, its files go once that is committed."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from inference.models import Image, Prediction


def folder_clear(folder: str, *, keep: tuple[str, ...] = ()) -> None:
    """Delete every file directly in a storage folder but those to keep; an empty one goes too."""
    try:
        names = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    except FileNotFoundError:
        return
    for name in set(names) - set(keep):
        default_storage.delete(name)
    if not keep:
        default_storage.delete(folder)


@receiver(post_delete, sender=Image)
def image_files_delete(instance: Image, **kwargs: Any) -> None:
    """Image and true mask."""
    transaction.on_commit(partial(folder_clear, instance.folder))


@receiver(post_delete, sender=Prediction)
def prediction_files_delete(instance: Prediction, **kwargs: Any) -> None:
    """Everything that any attempt has written."""
    transaction.on_commit(partial(folder_clear, instance.folder))

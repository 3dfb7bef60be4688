"""Files follow their rows: whatever way a row is deleted, its files go once that is committed."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from inference.models import BatchItem, Ensemble, Image, Inside, Prediction


def folder_clear(folder: str, *, keep: tuple[str, ...] = (), only: int | None = None) -> None:
    """Delete every file directly in a storage folder but those to keep; an empty one goes too.

    With `only`, those whose name begins with that number alone.
    """
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    own = re.compile(rf"{only}\D" if only is not None else "")
    for name in names:
        if own.match(name) and f"{folder}/{name}" not in keep:
            default_storage.delete(f"{folder}/{name}")
    if not keep and only is None:
        default_storage.delete(folder)


@receiver(post_delete, sender=Image)
@receiver(post_delete, sender=Prediction)
@receiver(post_delete, sender=Ensemble)
@receiver(post_delete, sender=Inside)
@receiver(post_delete, sender=BatchItem)
def files_delete(instance: Any, **kwargs: Any) -> None:
    """An image and its true mask; everything that any attempt at a job has written."""
    transaction.on_commit(partial(folder_clear, instance.folder))

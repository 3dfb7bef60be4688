"""What the inference worker does for an item of a batch: files become an image and its comparison.

Image and comparison are named after the item, so that a second attempt finds what the first made.
"""

from __future__ import annotations

from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.utils import translation

from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import BatchItem, Image
from segweb.jobs import Lease, patiently


def unpack(item: BatchItem, lease: Lease) -> dict[str, Any]:
    """The fields that an item gains by being carried out. UploadRefused when it is no image."""
    batch = item.batch
    # A refusal is stored as a sentence, and a worker has no reader whose language it could ask.
    with translation.override(batch.language):
        image = patiently(lambda: Image.objects.filter(pk=item.pk).first() or _image(item))
        try:
            comparison = patiently(
                lambda: comparison_create(
                    image=image,
                    models=batch.model_keys,
                    scale=batch.scale,
                    owner=batch.owner,
                    visitor=batch.visitor,
                    batch=batch,
                    idempotency_key=str(item.pk),
                )
            )
        except IntegrityError:  # the batch was deleted meanwhile
            patiently(image.delete)
            raise
    return {"comparison": comparison}


def _image(item: BatchItem) -> Image:
    with default_storage.open(item.upload.name) as file:
        makers = {"owner": item.batch.owner, "visitor": item.batch.visitor}
        named = File(file, name=item.name)
        if not item.mask:
            return image_create(pk=item.pk, file=named, **makers)
        with default_storage.open(item.mask.name) as mask:
            return image_create(
                pk=item.pk, file=named, mask=mask, mask_dataset=item.batch.mask_dataset, **makers
            )

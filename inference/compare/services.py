"""What people do with images and comparisons. With `execution`, the only writer of their state."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Literal
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from experiments.models import Checkpoint, Dataset
from experiments.records.datasets import dataset_ensure
from inference.compare.agreement import comparison_agreement
from inference.images import uploads
from inference.images.samples import sample_dataset, sample_images
from inference.models import Batch, Comparison, Image, Prediction, Scale
from models_zoo.masks import mask_png
from segweb.jobs import wakeups

Models = Sequence[str] | Literal["all"]


def image_create(
    *,
    file: BinaryIO,
    owner: User | None = None,
    visitor: str = "",
    mask: BinaryIO | None = None,
    mask_dataset: Dataset | None = None,
    pk: UUID | None = None,
) -> Image:
    """Store an uploaded image and, with `mask_dataset` whose class ids it uses, its true mask.

    Raises `uploads.UploadRefused` with a sentence for the user.
    """
    picture = uploads.read_image(file)
    truth = None
    if mask is not None:
        if mask_dataset is None:
            raise uploads.UploadRefused(_("Say which data set's class ids the mask uses."))
        truth = uploads.read_true_mask(mask, size=picture.size, dataset=mask_dataset)
    content = uploads.png(picture)
    image = Image(
        pk=pk or uuid4(),
        owner=owner,
        visitor=visitor,
        name=uploads.clean_name(getattr(file, "name", "")),
        width=picture.width,
        height=picture.height,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    try:
        image.file = default_storage.save(f"{image.folder}/image.png", ContentFile(content))
        if truth is not None:
            drawn = ContentFile(mask_png(truth, mask_dataset.classes))
            image.mask = default_storage.save(f"{image.folder}/mask.png", drawn)
            image.mask_dataset = mask_dataset
        image.save(force_insert=True)
    except BaseException:
        # By name: another attempt at the same item of a batch may have stored its own here.
        for stored in filter(None, (image.file.name, image.mask.name)):
            default_storage.delete(stored)
        with suppress(OSError):
            default_storage.delete(image.folder)
        raise
    return image


def image_from_sample(*, name: str, owner: User | None = None, visitor: str = "") -> Image:
    """Store a copy of a sample image with its true mask. ValidationError when there is none."""
    sample = {sample.name: sample for sample in sample_images()}.get(name)
    if sample is None:
        raise ValidationError(_("There is no such sample."))
    described = sample_dataset()
    dataset = dataset_ensure(
        passport=described, classes=described["classes"], ignore_index=described["ignore_index"]
    )
    with sample.image_path.open("rb") as file, sample.mask_path.open("rb") as mask:
        return image_create(
            file=File(file, name=sample.name),
            owner=owner,
            visitor=visitor,
            mask=mask,
            mask_dataset=dataset,
        )


def comparison_create(
    *,
    image: Image,
    models: Models = "all",
    scale: str = Scale.MODEL,
    owner: User | None = None,
    visitor: str = "",
    batch: Batch | None = None,
    idempotency_key: str = "",
) -> Comparison:
    """Queue one prediction of `image` for each checkpoint key; "all" are the default data set's.

    The same request under the same `idempotency_key` gives the comparison that exists already.
    Raises ValidationError when a key is not on offer or there is none.
    """
    checkpoints = checkpoints_choose(models)
    request = {
        "image": str(image.pk),
        "models": sorted(checkpoint.key for checkpoint in checkpoints),
        "scale": scale,
        "caller": [owner.pk if owner else None, visitor],
        "key": idempotency_key,
    }
    comparison = Comparison(
        image=image,
        batch=batch,
        scale=scale,
        owner=owner,
        visitor=visitor,
        idempotency_key=request_digest(request) if idempotency_key else None,
    )
    try:
        with transaction.atomic():
            return _comparison_insert(comparison, checkpoints)
    except IntegrityError:
        digest = comparison.idempotency_key
        existing = Comparison.objects.filter(idempotency_key=digest).first() if digest else None
        if existing is None:
            raise
        return existing


def _comparison_insert(comparison: Comparison, checkpoints: list[Checkpoint]) -> Comparison:
    comparison.save(force_insert=True)
    predictions = Prediction.objects.bulk_create(
        Prediction(comparison=comparison, checkpoint=checkpoint, position=position)
        for position, checkpoint in enumerate(checkpoints)
    )
    for prediction in predictions:
        wakeups.send_on_commit(prediction)
    return comparison


def checkpoints_choose(models: Models) -> list[Checkpoint]:
    """The checkpoints asked for, in the order asked for, each once.

    Raises ValidationError when a key is not on offer or there is none.
    """
    offered = Checkpoint.objects.offered()
    if models == "all":
        found = list(offered.filter(shipped=True, dataset__slug=settings.DEFAULT_DATASET))
        missing = []
    else:
        by_key = {checkpoint.key: checkpoint for checkpoint in offered.filter(key__in=models)}
        found = [by_key[key] for key in dict.fromkeys(models) if key in by_key]
        missing = [key for key in models if key not in by_key]
    if missing:
        raise ValidationError(_("Not on offer: %(keys)s.") % {"keys": ", ".join(missing)})
    if not found:
        raise ValidationError(_("There is no model to compare with."))
    return found


def comparison_settle(*, comparison: Comparison) -> dict[str, Any]:
    """Where the predictions of a comparison agree; kept once all have ended, as masks stay."""
    if comparison.agreement is None:
        found = comparison_agreement(comparison)
        if not comparison.ended:
            return found
        unkept = Comparison.objects.filter(pk=comparison.pk, agreement__isnull=True)
        unkept.update(agreement=found)
        comparison.agreement = found
    return comparison.agreement


def request_digest(request: dict[str, Any]) -> str:
    """Names a request of one caller: a key used again for another request is another request."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def comparison_share(*, comparison: Comparison) -> str:
    """The token of the comparison's share link, made at the first call."""
    unshared = Comparison.objects.filter(pk=comparison.pk, share_token=None)
    unshared.update(share_token=secrets.token_urlsafe(24))
    comparison.refresh_from_db(fields=["share_token"])
    return comparison.share_token


def comparison_unshare(*, comparison: Comparison) -> None:
    """Revoke the share link; a later one has another token."""
    Comparison.objects.filter(pk=comparison.pk).update(share_token=None)
    comparison.share_token = None


def comparison_delete(*, comparison: Comparison) -> None:
    """Delete a comparison with its masks, and its image unless another comparison uses it."""
    with transaction.atomic():
        comparison.delete()
        for image in Image.objects.filter(pk=comparison.image_id, comparisons=None):
            image.delete()

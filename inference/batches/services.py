"""What people do with batches: many images through the same models."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from experiments.models import Dataset
from inference.batches.files import BatchFile, batch_bytes_max, batch_files
from inference.comparisons import Models, checkpoints_choose
from inference.images import uploads
from inference.images.services import images_release
from inference.models import Batch, BatchItem, Image, Scale
from inference.quotas import room_require, room_taken
from inference.sharing.services import link_make, link_revoke
from segweb.audit import act_record
from segweb.http.idempotency import made_already, request_digest
from segweb.jobs import wakeups
from segweb.jobs.files import folder_delete
from segweb.models import Act

MODELS_MAX = 24  # more than one data set ships


def batch_create(
    *,
    files: Sequence[BinaryIO],
    models: Models = "all",
    scale: str = Scale.MODEL,
    mask_dataset: Dataset | None = None,
    name: str = "",
    owner: User | None = None,
    visitor: str = "",
    idempotency_key: str = "",
) -> Batch:
    """Queue images, or one zip of images and true masks, for the checkpoints of some keys.

    A worker decodes them one by one. What can be seen without decoding is refused here, with the
    file's name, by ValidationError. The same request under the same key is the same batch.
    """
    checkpoints = checkpoints_choose(models, reader=owner)
    if len(checkpoints) > MODELS_MAX:
        raise ValidationError(_("A batch takes at most %(limit)s models.") % {"limit": MODELS_MAX})
    # Measured here too: a body need not say in its header how long it is.
    if sum(file.seek(0, 2) for file in files) > batch_bytes_max():
        limit = batch_bytes_max() / 2**20
        raise uploads.UploadTooLarge(_("A batch has at most %(limit)g MiB.") % {"limit": limit})
    batch = Batch(
        owner=owner,
        visitor=visitor,
        name=uploads.clean_text(name) or batch_name(files),
        model_keys=[checkpoint.key for checkpoint in checkpoints],
        scale=scale,
        mask_dataset=mask_dataset,
        language=get_language() or "en",
    )
    if idempotency_key:
        batch.idempotency_key = _digest(batch, files, idempotency_key)
        # A repetition stores nothing; two at one moment are told apart by `_batch_store`.
        if existing := made_already(Batch, batch.idempotency_key):
            return existing
    return _batch_store(batch, batch_files(files))


def batch_name(files: Sequence[BinaryIO]) -> str:
    """What an unnamed batch is called: as its zip, or as its first image and how many more."""
    first = uploads.clean_name(files[0].name or "") if files else ""
    stem = first.rpartition(".")[0] or first
    further = f" + {len(files) - 1}" if len(files) > 1 else ""
    return f"{stem[: uploads.NAME_LENGTH - len(further)]}{further}"


def _digest(batch: Batch, files: Sequence[BinaryIO], key: str) -> str | None:
    contents = [uploads.upload_digest(file) for file in files]
    request = {"files": contents, "models": sorted(batch.model_keys), "scale": batch.scale}
    return request_digest(caller=[batch.owner_id, batch.visitor], key=key, request=request)


def _batch_store(batch: Batch, files: list[BatchFile]) -> Batch:
    """Files first, then the rows in one short transaction, with which the work is announced."""
    if batch.mask_dataset is None and any(file.read_mask for file in files):
        raise uploads.UploadRefused(_("Say which data set's class ids the masks use."))
    maker = {"owner": batch.owner, "visitor": batch.visitor}
    room_require(**maker, images=len(files))
    items: list[BatchItem] = []
    try:
        for position, file in enumerate(files):
            items.append(BatchItem(batch=batch, position=position, name=file.name))
            _item_store(items[-1], file)
        size = sum(item.bytes for item in items)
        with room_taken(**maker, images=len(items), size=size):
            batch.save(force_insert=True)
            for item in BatchItem.objects.bulk_create(items):
                wakeups.send_on_commit(item)
    # Whatever ends it, also a process told to stop: no file stays without its row.
    except BaseException as fault:
        for item in items:
            folder_delete(folder=item.folder)
        existing = made_already(Batch, batch.idempotency_key)
        if isinstance(fault, IntegrityError) and existing:
            return existing
        raise
    return batch


def _item_store(item: BatchItem, file: BatchFile) -> None:
    """Keep the files of an item as they came, once their headers say that they are images."""
    for field, read in (("upload", file.read), ("mask", file.read_mask)):
        if read is None:
            continue
        content = read()
        try:
            # The header alone: decoding 50 photos would hang the request.
            uploads.check_header(BytesIO(content))
        except uploads.UploadRefused as refusal:
            named = {"name": file.name, "refusal": " ".join(refusal.messages)}
            raise uploads.UploadRefused(_("%(name)s: %(refusal)s") % named) from None
        stored = default_storage.save(f"{item.folder}/{field}", ContentFile(content))
        setattr(item, field, stored)
        item.bytes += len(content)


def batch_share(*, batch: Batch) -> str:
    """The token of the batch's share link, which opens its comparisons too; made at first."""
    return link_make(shared=batch)


def batch_unshare(*, batch: Batch) -> None:
    """Revoke the share link; a later one has another token."""
    link_revoke(shared=batch)


def batch_delete(*, batch: Batch, compared_stay: bool = False) -> None:
    """Delete a batch with its comparisons and, as `images_release` says, their images."""
    with transaction.atomic():
        images = Image.objects.filter(comparisons__batch=batch)
        # Asked before the rows are gone. An item's own id finds the image of an attempt that was
        # killed before its comparison was there.
        ids = [*images.values_list("pk", flat=True), *batch.items.values_list("pk", flat=True)]
        act_record(what=Act.What.DELETED, subject=f"batch {batch.pk}: {batch.name}")
        batch.delete()
        images_release(pks=ids, released=batch, compared_stay=compared_stay)

"""Storing images, from uploads and from the samples."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from experiments.models import Dataset
from experiments.records.datasets import dataset_ensure
from inference.images import uploads
from inference.images.samples import sample_dataset, sample_images
from inference.models import Comparison, Image, Owned
from inference.quotas import room_require, room_taken
from segweb.audit import act_record
from segweb.models import Act


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

    Raises `uploads.UploadRefused` with a sentence for the user, and QuotaReached likewise.
    """
    if mask is not None and mask_dataset is None:
        raise uploads.UploadRefused(_("Say which data set's class ids the mask uses."))
    room_require(owner=owner, visitor=visitor, pk=pk)
    image = Image(
        pk=pk or uuid4(),
        owner=owner,
        visitor=visitor,
        name=uploads.clean_name(getattr(file, "name", "")),
    )
    try:
        with TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
            folder = Path(name)
            image.width, image.height = uploads.upload_decode(folder, file, mask, mask_dataset)
            image.sha256, image.file = _store(folder / "image.png", image)
            if mask is not None:
                image.mask_dataset = mask_dataset
                image.mask = _store(folder / "mask.png", image)[1]
            image.bytes = sum(path.stat().st_size for path in folder.glob("*.png"))
        with room_taken(owner=owner, visitor=visitor, images=1, size=image.bytes, pk=pk):
            image.save(force_insert=True)
    except BaseException:
        # By name: another attempt at the same item of a batch may have stored its own here.
        for stored in filter(None, (image.file.name, image.mask.name)):
            default_storage.delete(stored)
        with suppress(OSError):
            default_storage.delete(image.folder)
        raise
    return image


@contextmanager
def image_truth_adding(
    *, image: Image, mask: BinaryIO, mask_dataset: Dataset | None
) -> Iterator[None]:
    """Store the true mask of an image that came without one, which it keeps from then on.

    What is done within is done in the transaction that says so; the mask was decoded before it,
    since SQLite keeps everybody else from writing meanwhile. Raises `uploads.UploadRefused` with a
    sentence for the user, and QuotaReached likewise.
    """
    if mask_dataset is None:
        raise uploads.UploadRefused(_("Say which data set's class ids the mask uses."))
    if image.mask:
        raise uploads.UploadRefused(_("This image has a true mask already."))
    with TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
        folder = Path(name)
        with image.file.open() as file:
            uploads.upload_decode(folder, file, mask, mask_dataset, stored=True)
        size = (folder / "mask.png").stat().st_size
        stored = _store(folder / "mask.png", image)[1]
    fields = {"mask": stored, "mask_dataset": mask_dataset, "bytes": F("bytes") + size}
    try:
        with room_taken(owner=image.owner, visitor=image.visitor, images=0, size=size):
            # The database decides between two at one moment.
            if not Image.objects.filter(pk=image.pk, mask="").update(**fields):
                raise uploads.UploadRefused(_("This image has a true mask already."))
            image.refresh_from_db()
            yield
    except BaseException:
        default_storage.delete(stored)
        raise


def _store(path: Path, image: Image) -> tuple[str, str]:
    """Keep a file in the image's folder: its sha256, and its storage key."""
    with path.open("rb") as file:
        digest = uploads.upload_digest(file)
        return digest, default_storage.save(f"{image.folder}/{path.name}", File(file))


def image_delete_key(*, pk: UUID) -> str:
    """What shows that an image of nobody's was uploaded by whoever sends it."""
    return signing.Signer(salt="image delete").signature(str(pk))


def image_by_key(*, pk: UUID, key: str) -> Image | None:
    """The image of nobody's whose key this is."""
    if not constant_time_compare(key, image_delete_key(pk=pk)):
        return None
    return Image.objects.filter(pk=pk, owner=None, visitor="").first()


def image_delete(*, image: Image) -> None:
    """With every comparison that anybody made of it."""
    with transaction.atomic():
        act_record(what=Act.What.DELETED, subject=f"image {image.pk}: {image.name}")
        image.delete()


def image_delete_unused(*, image: Image) -> bool:
    """Delete an image that is in no comparison; False where one was made of it meanwhile."""
    with transaction.atomic():
        # A comparison that is made now waits for this row, and is refused when it is gone.
        row = Image.objects.select_for_update().filter(pk=image.pk).first()
        if row is None or Comparison.objects.filter(image=row).exists():
            return False
        image_delete(image=row)
    return True


def images_release(*, pks: Collection[UUID], released: Owned, compared_stay: bool = False) -> None:
    """Delete those images of whose maker no comparison is left, with what others made of them.

    `released` is the comparison or the batch that was deleted. An image that somebody else made
    stays, whatever becomes of a comparison of it; nobody's image goes with its last comparison.
    With `compared_stay` so does each: what others made is not deleted with it.
    """
    maker = {"owner": released.owner_id, "visitor": released.visitor}
    left = Comparison.objects.filter(image=OuterRef("pk"), **({} if compared_stay else maker))
    unused = Q(~Exists(left), **maker) | Q(owner=None, visitor="", comparisons=None)
    for image in Image.objects.filter(unused, pk__in=pks).distinct():
        image.delete()


def image_from_sample(
    *, name: str, owner: User | None = None, visitor: str = "", pk: UUID | None = None
) -> Image:
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
            pk=pk,
        )

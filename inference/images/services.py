"""Storing images, from uploads and from the samples."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import BinaryIO
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from experiments.models import Dataset
from experiments.records.datasets import dataset_ensure
from inference.images import uploads
from inference.images.samples import sample_dataset, sample_images
from inference.models import Comparison, Image, Owned
from models_zoo.masks import mask_png


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
    # Image and mask are read before anything is stored: a refusal leaves no file behind.
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


def images_release(*, pks: Collection[UUID], released: Owned) -> None:
    """Delete those images of whose maker no comparison is left, with what others made of them.

    `released` is the comparison or the batch that was deleted. An image that somebody else made
    stays, whatever becomes of a comparison of it; nobody's image goes with its last comparison.
    """
    maker = {"owner": released.owner_id, "visitor": released.visitor}
    left = Comparison.objects.filter(image=OuterRef("pk"), **maker)
    unused = Q(~Exists(left), **maker) | Q(owner=None, visitor="", comparisons=None)
    for image in Image.objects.filter(unused, pk__in=pks).distinct():
        image.delete()


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

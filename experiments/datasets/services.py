"""Importing a data set: a zip in the layout of models_zoo's `folder`, checked before it is kept."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from experiments.datasets.archives import archive_unpack
from experiments.models import Dataset
from experiments.records.datasets import dataset_ensure
from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.data.audit import audit
from models_zoo.data.formats.folder import DESCRIPTION

# It becomes the name of a folder, and part of `imported:<slug>`.
SLUG = re.compile(r"[a-z0-9_]{1,50}")


def dataset_import(*, file: BinaryIO) -> Dataset:
    """Keep a zipped data set under the slug that its classes.json gives, ready to be trained on.

    It holds images and masks of `train` and `val` as `folder` data sets do. Everything that
    training would refuse is refused here. ValidationError says what, with file names.
    """
    imports = Path(default_storage.path("datasets"))
    imports.mkdir(parents=True, exist_ok=True)
    # Beside its final place: keeping it is a rename then, on the same disk.
    with tempfile.TemporaryDirectory(dir=imports, prefix=".import-") as temporary:
        archive_unpack(file, Path(temporary))
        root = _root(Path(temporary))
        train = _checked(root)
        with transaction.atomic():
            return _keep(root, train, imports)


def _keep(root: Path, train: DatasetSplit, imports: Path) -> Dataset:
    dataset = dataset_ensure(
        passport=train.passport, classes=train.classes, ignore_index=train.ignore_index
    )
    names = [[entry["name"] for entry in classes] for classes in (dataset.classes, train.classes)]
    if names[0] != names[1]:
        raise ValidationError(_("A data set of this slug is there already, with other classes."))
    folder, place = f"datasets/{train.slug}", imports / train.slug
    taken = Dataset.objects.select_for_update().filter(pk=dataset.pk).exclude(folder="").exists()
    if taken or place.exists():
        raise ValidationError(_("A data set of this slug was imported already."))
    # The row first: if moving fails, the transaction takes it back.
    Dataset.objects.filter(pk=dataset.pk).update(folder=folder)
    shutil.move(root, place)
    dataset.folder = folder
    return dataset


def _root(folder: Path) -> Path:
    """Where classes.json lies: at the top, or in the one folder that holds everything."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    return folder


def _checked(root: Path) -> DatasetSplit:
    """The `train` split, once both splits were found sound. ValidationError says what is wrong."""
    try:
        splits = {split: open_dataset(f"folder:{root}", split) for split in ("train", "val")}
        train = splits["train"]
        _require_plain(train)
        for split, dataset in splits.items():
            _require_moderate(split, dataset)
        audit(splits).require_sound()
    except ValidationError:
        raise
    except (ValueError, OSError, TypeError, KeyError, AttributeError) as fault:
        # A stranger's classes.json may hold anything; whatever it trips becomes a sentence.
        told = str(fault).replace(f"{root}/", "").replace(str(root), DESCRIPTION)
        raise ValidationError(told or _("The data set cannot be read.")) from fault
    return train


def _require_plain(dataset: DatasetSplit) -> None:
    """What classes.json says of the data set is of the right kind and length."""
    fits = {
        "slug": isinstance(dataset.slug, str) and SLUG.fullmatch(dataset.slug),
        "title": _is_text(dataset.title, 200),
        "licence": _is_text(dataset.licence, 200),
        "source": _is_text(dataset.source, 500),
        "ignore_index": dataset.ignore_index is None or _is_byte(dataset.ignore_index),
        "input_size": len(dataset.input_size) == 2 and all(map(_is_side, dataset.input_size)),
        "classes": all(_is_text(entry["name"], 100) for entry in dataset.classes),
    }
    if wrong := [name for name, fit in fits.items() if not fit]:
        text = _("%(file)s: %(names)s cannot be read or used.")
        raise ValidationError(text % {"file": DESCRIPTION, "names": ", ".join(wrong)})


def _is_text(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length and "\0" not in value


def _is_byte(value: Any) -> bool:
    # `type`, since True counts as an int for isinstance.
    return type(value) is int and 0 <= value <= 255


def _is_side(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 10_000


def _require_moderate(split: str, dataset: DatasetSplit) -> None:
    """No image says that it is larger than an upload may be."""
    for index in range(len(dataset)):
        # By its header: nothing of it is decoded for this.
        height, width = dataset.size(index)
        if height * width > settings.UPLOAD_MAX_PIXELS:
            name = f"{split}/{dataset.name(index)}"
            raise ValidationError(_("%(name)s is too large.") % {"name": name})

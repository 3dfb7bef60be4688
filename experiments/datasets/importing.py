"""What a worker does for an import. It may be killed anywhere, and tried again.

An attempt unpacks into a folder of its own and moves that to a place of its own; only the data
set's row, written last and under the lease, makes it the one that counts.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from experiments.datasets.archives import archive_unpack
from experiments.models import Dataset, Import
from experiments.records.datasets import dataset_ensure, dataset_place
from experiments.records.imports import import_progress
from experiments.records.sources import imported_spec
from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.data.audit import audit
from models_zoo.data.description import DESCRIPTION
from models_zoo.data.findings import Finding
from segweb.jobs import ENDED, JobReturned, Lease, State, job_update, patiently
from segweb.jobs.files import folder_delete

# Part of `imported:<slug>`, and of a checkpoint's key.
SLUG = re.compile(r"[a-z0-9_]{1,50}")
LENGTHS = {"title": 200, "licence": 200, "source": 500}
CLASS_LENGTH = 100
KEPT = "datasets"  # the storage folder of data sets
UNPACKED = "unpacked"


def carry_out(row: Import, lease: Lease) -> dict[str, Any]:
    """The fields that an import gains by being carried out. ValidationError names the file."""
    leftovers_remove(row, before=lease.token)
    # Killed after its last write, or lost: nobody else comes by again.
    left = set(default_storage.listdir("imports")[0])
    for former in Import.objects.filter(state__in=ENDED):
        if str(former.pk) in left:
            leftovers_remove(former)
            folder_delete(folder=former.folder)
    # A former attempt may have been killed after its last write but one.
    if kept := Dataset.objects.filter(folder__startswith=f"{KEPT}/{row.pk}-").first():
        return {"dataset": kept}
    # Called as the upload: a data set that does not say its name has that of its folder.
    name = Path(row.name.replace("\\", "/")).stem or "imported"
    root = _storage(f"{row.folder}/{lease.token}-{UNPACKED}") / re.sub(r"\W+", "_", name)
    root.mkdir(parents=True)
    with row.archive.open() as file:
        archive_unpack(cast("BinaryIO", file), root, import_progress(lease=lease))
    inside = list(root.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        root = inside[0]  # one folder holds everything
    train, findings = _audited(root)
    if findings:
        sentence = " ".join(map(str, findings))
        told_of = [finding.to_json() for finding in findings]
        return {"state": State.FAILED, "error": sentence, "findings": told_of}
    passport = train.passport  # by its bytes, which are read here: no transaction waits for them
    folder = f"{KEPT}/{row.pk}-{lease.token}"
    _storage(KEPT).mkdir(parents=True, exist_ok=True)
    shutil.move(root, _storage(folder))
    return {"dataset": patiently(lambda: _keep(train, passport, folder, lease))}


def leftovers_remove(row: Import, *, before: int | None = None) -> None:
    """Delete what attempts left that no data set is kept in; `before`: of lower tokens only."""
    for path in (
        *_storage(row.folder).glob(f"*-{UNPACKED}"),
        *_storage(KEPT).glob(f"{row.pk}-*"),
    ):
        token = path.name.removeprefix(f"{row.pk}-").partition("-")[0]
        used = Dataset.objects.filter(folder=f"{KEPT}/{path.name}").exists()
        if not used and (before is None or int(token) < before):
            shutil.rmtree(path, ignore_errors=True)


def _keep(train: DatasetSplit, passport: dict[str, str], folder: str, lease: Lease) -> Dataset:
    with transaction.atomic():
        # Fenced by the first write: whoever took the job over does the rest.
        if not job_update(lease=lease, error=""):
            raise JobReturned(tried=False)
        dataset = dataset_ensure(
            passport=passport, classes=train.classes, ignore_index=train.ignore_index
        )
        # First, whatever it is called: the same images and classes are one data set.
        if not dataset_place(dataset=dataset, folder=folder):
            raise ValidationError(_("This data set was imported already."))
        if train.slug_stated and dataset.slug != train.slug:
            # A number was put after a slug that another one has; any other is that of these images.
            if re.fullmatch(rf"{re.escape(train.slug)}_\d+", dataset.slug):
                text = _(
                    "A data set of the slug %(slug)s is there already, with other classes or "
                    "images. Give this one another slug in classes.json."
                )
            else:
                text = _(
                    "These images and classes are known here as “%(title)s”. Give them its slug, "
                    "%(known)s, in classes.json."
                )
            named = {"slug": train.slug, "title": dataset.title, "known": dataset.slug}
            raise ValidationError(text % named)
    return dataset


def _audited(root: Path) -> tuple[DatasetSplit, list[Finding]]:
    """The `train` split, and what an audit found in both splits that forbids to train on them.

    ValidationError says what else is wrong.
    """
    try:
        spec = imported_spec(root)
        splits = {split: open_dataset(spec, split) for split in ("train", "val")}
        train = splits["train"]
        fits = {
            "slug": SLUG.fullmatch(train.slug),
            **{name: len(getattr(train, name)) <= length for name, length in LENGTHS.items()},
            "classes": all(len(entry["name"]) <= CLASS_LENGTH for entry in train.classes),
        }
        if wrong := [name for name, fit in fits.items() if not fit]:
            text = _("%(file)s: %(names)s cannot be read or used.")
            raise ValidationError(text % {"file": DESCRIPTION, "names": ", ".join(wrong)})
        for split, dataset in splits.items():
            for index in range(len(dataset)):
                # By its header: nothing of it is decoded for this.
                height, width = dataset.size(index)
                if height * width > settings.UPLOAD_MAX_PIXELS:
                    name = f"{split}/{dataset.name(index)}"
                    raise ValidationError(_("%(name)s is too large.") % {"name": name})
        blocking = [finding for finding in audit(splits).findings if finding.blocking]
    except (ValueError, OSError) as fault:
        sentence = _place_hidden(str(fault), root)
        raise ValidationError(sentence or _("The data set cannot be read.")) from fault
    return train, [
        replace(finding, files=[_place_hidden(name, root) for name in finding.files])
        for finding in blocking
    ]


def _place_hidden(text: str, root: Path) -> str:
    return text.replace(f"{root}/", "").replace(str(root), DESCRIPTION)


def _storage(name: str) -> Path:
    return Path(default_storage.path(name))

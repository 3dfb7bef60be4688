"""The row of a data set: its terms and classes, from wherever they are told.

A data set is its class list, its ignored value and its content, whatever it or its folder is
called: two folders `images` are two data sets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from experiments.models import Dataset
from models_zoo.data.classes import names_require
from models_zoo.data.formats import formats
from models_zoo.data.formats.folder import slug_of
from segweb.sentences import told

TERMS = ("title", "licence", "source")
SLUG_LENGTH, TITLE_LENGTH = 50, 200


def dataset_ensure(
    *,
    passport: Mapping[str, Any],
    classes: Sequence[Mapping[str, Any]],
    ignore_index: int | None,
    shipped: bool = False,
    data: str = "",
) -> Dataset:
    """The data set of these classes and this content, made where there is none yet.

    `passport` holds slug, title, licence, source and content, as an opened data set, a sidecar, a
    history and the samples' index tell them; a term that is missing stays empty. A row that is
    there stays as it is. `data` is the specification that the images were opened by, if any.
    ValidationError for a slug or a term that no column holds, and for classes of one name.
    """
    slug, content = str(passport["slug"]), passport.get("content")
    identity = dataset_identity(classes, ignore_index, content or slug)
    if known := Dataset.objects.filter(identity=identity).first():
        return known
    # Rows of before have no identity: those of this name, or of runs on the same specification.
    former = Q(slug=slug) | (Q(runs__data=data) if data else Q())
    if content:
        former &= Q(identity=None)
    for row in Dataset.objects.filter(former, ignore_index=ignore_index).distinct():
        if row.class_names == [entry["name"] for entry in classes]:
            if content:
                Dataset.objects.filter(pk=row.pk, identity=None).update(identity=identity)
            return row
    try:
        names_require([entry["name"] for entry in classes], slug)
    except ValueError as fault:
        raise ValidationError(told(str(fault))) from fault
    terms = {term: passport.get(term) or "" for term in TERMS}
    made = terms | {"classes": classes, "ignore_index": ignore_index, "shipped": shipped}
    published = {format_.slug for format_ in formats().values() if format_.published}
    for number in count(1):
        # A folder of someone's that is called camvid is not CamVid.
        if number == 1 and slug in published and content not in (None, slug):
            continue
        try:
            with transaction.atomic():
                return Dataset.objects.create(
                    **made, identity=identity, slug=slug_numbered(slug, number)
                )
        except IntegrityError:
            # Someone else has the slug, or made this very data set at this moment.
            if known := Dataset.objects.filter(identity=identity).first():
                return known
            if not Dataset.objects.filter(slug=slug_numbered(slug, number)).exists():
                raise  # no name was taken: another number would not help
        if Dataset.objects.filter(title=terms["title"]).exists():
            made["title"] = f"{terms['title'][: TITLE_LENGTH - 8]} ({number + 1})"
    raise AssertionError  # `count` has no end


def dataset_place(*, dataset: Dataset, folder: str) -> bool:
    """Note the storage folder of a data set's images; False when they lie in one already."""
    placed = Dataset.objects.filter(pk=dataset.pk, folder="").update(folder=folder)
    dataset.refresh_from_db()
    return bool(placed)


def dataset_identity(
    classes: Sequence[Mapping[str, Any]], ignore_index: int | None, content: str
) -> str:
    """What two data sets share only if they are the same one."""
    names = [entry["name"] for entry in classes]
    return hashlib.sha256(json.dumps([names, ignore_index, content]).encode()).hexdigest()


def slug_numbered(slug: str, number: int) -> str:
    """`slug`, with a number from the second data set of this name on."""
    ending = f"_{number}"
    return slug if number == 1 else slug_of(slug)[: SLUG_LENGTH - len(ending)] + ending

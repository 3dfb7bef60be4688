"""The row of a data set: its terms and classes, from wherever they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.models import Dataset

TERMS = ("title", "licence", "source")


def dataset_ensure(
    *,
    passport: Mapping[str, Any],
    classes: Sequence[Mapping[str, Any]],
    ignore_index: int | None,
    shipped: bool = False,
) -> Dataset:
    """The data set that `passport` names by its slug, made where there is none yet.

    `passport` holds slug, title, licence and source, as an opened data set, a sidecar, a history
    and the samples' index tell them; a term that is missing stays empty. A row that is there stays
    as it is: whoever cares whether the classes are the same compares them.
    """
    terms = {term: passport.get(term, "") for term in TERMS}
    made = terms | {"classes": classes, "ignore_index": ignore_index, "shipped": shipped}
    return Dataset.objects.get_or_create(slug=passport["slug"], defaults=made)[0]

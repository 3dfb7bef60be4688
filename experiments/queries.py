"""What the query of an address names: numbers of rows, offsets, epochs, an order."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import F, OrderBy, Q
from django.http import HttpRequest

MOST_DIGITS = 17  # more than any row has, and yet what every database compares with its keys


def number_read(text: str | None) -> int | None:
    """The whole number that a text is; None for anything else, and for one out of all bounds."""
    return int(text) if text and text.isdecimal() and len(text) <= MOST_DIGITS else None


def numbers_named(request: HttpRequest, name: str) -> list[int]:
    """Every number that `?name=` gives, each once, in their order."""
    numbers = map(number_read, request.GET.getlist(name))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def ordering(*fields: str | tuple[Any, bool]) -> list[Any]:
    """By these fields, `-` turning one around; without a value last, newest first among equals.

    A field may be an expression too, beside whether it is turned around. Every row has one place
    in it on every database: pages that are asked for one after the other neither repeat a row nor
    leave one out.
    """
    by = []
    for field in fields:
        if isinstance(field, str):
            field = (field.removeprefix("-"), field.startswith("-"))
        place, down = (F(field[0]) if isinstance(field[0], str) else field[0]), field[1]
        # PostgreSQL puts those without a value first where SQLite puts them last.
        by.append(OrderBy(place, descending=down, nulls_last=True))
    return [*by, "-id"]


def tagged(tag: str) -> Q:
    """Whether a run has this tag.

    Tags are a JSON list, looked through as text: SQLite keeps escapes, PostgreSQL letters.
    """
    text = tag.strip()
    return Q(tags__icontains=json.dumps(text)) | Q(
        tags__icontains=json.dumps(text, ensure_ascii=False)
    )

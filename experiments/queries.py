"""What the query of an address names: numbers of rows, offsets, epochs, an order."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpRequest

MOST_DIGITS = 17  # more than any row has, and yet what every database compares with its keys


def number_read(text: str | None) -> int | None:
    """The whole number that a text is; None for anything else, and for one out of all bounds."""
    return int(text) if text and text.isdecimal() and len(text) <= MOST_DIGITS else None


def numbers_named(request: HttpRequest, name: str) -> list[int]:
    """Every number that `?name=` gives, each once, in their order."""
    numbers = map(number_read, request.GET.getlist(name))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def ordering(*fields: str) -> list[Any]:
    """By these fields, `-` turning one around; without a value last, newest first among equals.

    Every row has one place in it on every database: pages that are asked for one after the other
    neither repeat a row nor leave one out.
    """
    # PostgreSQL puts those without a value first where SQLite puts them last.
    by = [
        F(field[1:]).desc(nulls_last=True)
        if field.startswith("-")
        else F(field).asc(nulls_last=True)
        for field in fields
    ]
    return [*by, "-id"]

"""What every database keeps and every answer can repeat: one gate for JSON bodies and columns."""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from models_zoo.files import is_plain

DEEPEST = 32  # levels of lists and objects; no request has need of ten
NOT_PLAIN = re.compile("[\0\ud800-\udfff]")
# What a column of JSON may hold that `require_plain` refuses: in its strings, and outside of them.
ESCAPED = re.compile(r"\\u(?:d[89a-f]|0000)", re.IGNORECASE)
STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
BEYOND, LONG = re.compile(r"[eE]\+?\d{3}"), re.compile(r"(?<!\d)\d{300}")
BRACKETS = re.compile(r"[][{}]")


def require_plain(value: Any, depth: int = DEEPEST) -> None:
    """ValueError for numbers beyond a float, for text that is not plain, for too many levels."""
    if isinstance(value, str):
        if not is_plain(value):
            raise ValueError("NUL, or half a surrogate pair")
    elif isinstance(value, (int, float)):
        # Python reads 1e999 as infinity; its whole numbers have no bound. NaN is below nothing.
        if not abs(value) <= sys.float_info.max:
            raise ValueError("a number beyond a float")
    elif isinstance(value, (list, tuple, dict)):
        if not depth:
            raise ValueError("too many levels")
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        for part in parts:
            require_plain(part, depth - 1)


def json_read(text: str) -> Any:
    """Plain JSON as data. ValueError for what is no JSON, or not plain."""
    try:
        data = json.loads(text)
    except RecursionError as fault:
        raise ValueError("too many levels") from fault
    require_plain(data)
    return data


class PlainJSONField(models.JSONField):
    """JSON that is plain: what is not is refused when it is written, and mended when it is read.

    Rows that were stored before there was this gate would break every list that shows them.
    """

    def deconstruct(self) -> Any:
        """As JSONField: the database sees no difference, so that there is nothing to migrate."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """ValidationError for what is not plain."""
        try:
            require_plain(value)
        except ValueError as fault:
            raise ValidationError(_("The request is malformed or too large.")) from fault
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The data, or as much of them as is plain."""
        try:
            data = super().from_db_value(value, expression, connection)
        except (RecursionError, ValueError):  # thousands of levels, or of digits
            return self.get_default()
        if not isinstance(value, str):
            return data
        suspect = _suspect_kept if len(value) <= KEPT_LENGTH else _suspect
        return _mended(data) if suspect(value) else data


def _suspect(text: str) -> bool:
    """Whether JSON may hold what is not plain: rows of before the gate do.

    By the text, since to go through the data takes a hundred times longer.
    """
    if "\\u" in text and ESCAPED.search(text):
        return True
    bare = STRINGS.sub("", text)  # hashes are full of digits and of e
    if "NaN" in bare or "Infinity" in bare or BEYOND.search(bare) or LONG.search(bare):
        return True
    level = deepest = 0
    for bracket in BRACKETS.findall(bare):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest > DEEPEST


# Pages of lists read the same hundred of them again and again; long ones would fill the memory.
KEPT_LENGTH = 10_000
_suspect_kept = lru_cache(maxsize=1024)(_suspect)


def _mended(value: Any, depth: int = DEEPEST) -> Any:
    """The same with None for what is not plain, and without the characters that are not."""
    if isinstance(value, str):
        return NOT_PLAIN.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_mended(part, depth - 1) for part in value] if depth else None
    if isinstance(value, dict):
        if not depth:
            return None
        return {_mended(name): _mended(part, depth - 1) for name, part in value.items()}
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        return None
    return value

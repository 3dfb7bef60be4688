"""classes.json: what a folder says of its data set, checked field by field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_zoo.data.classes import MOST_CLASSES, Classes, named_classes, names_require
from models_zoo.data.labelling.values import ValueTable
from models_zoo.files import is_plain, text_read
from models_zoo.translation import gettext_noop as _

DESCRIPTION = "classes.json"
IGNORED = 255  # unless the description says otherwise
LARGEST_SIDE = 10_000
_LARGEST = 65_535  # of 16 bits
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Description:
    """The fields of classes.json; what it leaves out is "", None or the usual value.

    ignore_stated: whether it says itself what is to be ignored. values: what masks hold in place of
    class ids. input_size: height and width.
    """

    classes: Classes
    slug: str
    title: str
    licence: str
    source: str
    ignore_index: int | None
    ignore_stated: bool
    values: ValueTable | None
    input_size: tuple[int, int] | None


def description_read(path: Path) -> Description:
    """What the file says. ValueError names the file, and the field that does not fit."""
    if not path.is_file():
        raise ValueError(_(f"{path} is missing: it names the classes of the masks' ids."))
    return description_of(json_read(path), path)


def description_of(content: Any, path: Path) -> Description:
    """What the content of such a file says; `path` begins the sentences of a ValueError."""
    if not isinstance(content, dict) or not isinstance(content.get("classes"), list):
        raise ValueError(_(f'{path} should hold {{"classes": ["road", …]}}.'))
    texts = {}
    for name in ("slug", "title", "licence", "source"):
        text = content.get(name) or ""
        if not is_plain(text):
            raise ValueError(_(f"{path}: {name} is no text."))
        texts[name] = text
    classes, values = _classes(path, content["classes"]), _values(path, content)
    # A table of values says of each pixel what it is: nothing is void by custom.
    usual = None if values and IGNORED not in values.ids.values() else IGNORED
    return Description(
        classes=classes,
        licence=texts.pop("licence") or "unknown",
        **texts,
        ignore_index=_ignore_index(path, content.get("ignore_index", usual)),
        ignore_stated="ignore_index" in content or values is not None,
        values=values,
        input_size=_input_size(path, content.get("input_size")),
    )


def json_read(path: Path) -> Any:
    """A JSON file, with or without a byte order mark. ValueError, naming it, when it is none."""
    try:
        return json.loads(text_read(path))
    except RecursionError as error:
        raise ValueError(_(f"{path} is no JSON of ours: it is nested too deeply.")) from error
    except ValueError as error:
        raise ValueError(_(f"{path} is no JSON in UTF-8: {error}.")) from error


def whole(value: Any) -> int | None:
    """A number of JSON that is whole, 48.0 too; None for anything else."""
    # True counts as an int for isinstance.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _classes(path: Path, entries: list[Any]) -> Classes:
    entries = [entry if isinstance(entry, dict) else {"name": entry} for entry in entries]
    for place, entry in enumerate(entries):
        if not is_plain(entry.get("name")):
            raise ValueError(_(f"{path}: the name of class {place} in classes is no text."))
    if not 2 <= len(entries) <= MOST_CLASSES:
        raise ValueError(_(f"{path} should name 2 to {MOST_CLASSES} classes."))
    if any("id" in entry for entry in entries):
        entries = _in_order(path, entries)
    names_require([entry["name"] for entry in entries], path)
    classes = named_classes(entry["name"] for entry in entries)
    for one, entry in zip(classes, entries, strict=True):
        colour = entry.get("colour", one["colour"])
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise ValueError(_(f"{path}: {colour!r} is no colour; write it as #rrggbb."))
        one["colour"] = colour
    return classes


def _values(path: Path, content: dict[str, Any]) -> ValueTable | None:
    """What each class is in the masks, where classes say a `value`: 0 and 255, or colours."""
    entries = [entry if isinstance(entry, dict) else {} for entry in content["classes"]]
    if not any("value" in entry for entry in entries):
        if "ignore_value" in content:
            raise ValueError(_(f"{path}: ignore_value goes with a value of each class."))
        return None
    if "ignore_index" in content:
        raise ValueError(
            _(f"{path}: where classes have a value, say ignore_value, not ignore_index.")
        )
    values: list[Any] = [entry.get("value") for entry in entries]
    ids = [int(entry.get("id", place)) for place, entry in enumerate(entries)]
    if "ignore_value" in content:
        values, ids = [*values, content["ignore_value"]], [*ids, IGNORED]
    colours = all(isinstance(value, str) and _COLOUR.fullmatch(value) for value in values)
    read = [int(value[1:], 16) if colours else whole(value) for value in values]
    numbers = [n for n in read if n is not None and (colours or 0 <= n <= _LARGEST)]
    if len(numbers) < len(values):
        raise ValueError(
            _(
                f"{path}: value should be said of every class, as a whole number from 0 to "
                f"{_LARGEST}, or of all of them as a colour, #rrggbb."
            )
        )
    if len(set(numbers)) < len(numbers):
        raise ValueError(_(f"{path}: two classes have one value; masks could not tell them apart."))
    return ValueTable(dict(zip(numbers, ids, strict=True)), colours, path.name)


def _in_order(path: Path, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Classes that say their ids themselves, by these."""
    ids = [whole(entry.get("id")) for entry in entries]
    if set(ids) != set(range(len(entries))):
        raise ValueError(
            _(
                f"{path}: the ids in classes should be 0 to {len(entries) - 1}, each once, as "
                "masks have them; or leave all of them out."
            )
        )
    by_id = dict(zip(ids, entries, strict=True))
    return [by_id[number] for number in range(len(entries))]


def _ignore_index(path: Path, value: Any) -> int | None:
    number = whole(value)
    if value is None or (number is not None and 0 <= number <= 255):
        return number
    raise ValueError(
        _(f"{path}: ignore_index should be null or a whole number from 0 to 255, as masks hold it.")
    )


def _input_size(path: Path, value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = [whole(side) for side in value] if isinstance(value, list) else []
    height, width = sides if len(sides) == 2 else (None, None)
    if height and width and min(height, width) >= 1 and max(height, width) <= LARGEST_SIDE:
        return height, width
    raise ValueError(
        _(f"{path}: input_size should be [height, width], whole numbers from 1 to {LARGEST_SIDE}.")
    )

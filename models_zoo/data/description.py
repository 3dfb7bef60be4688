"""classes.json: what a folder says of its data set, checked field by field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_zoo.data.classes import MOST_CLASSES, Classes, named_classes, names_require
from models_zoo.files import is_plain

DESCRIPTION = "classes.json"
IGNORED = 255  # unless the description says otherwise
LARGEST_SIDE = 10_000
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Description:
    """The fields of classes.json; what it leaves out is "", None or the usual value.

    ignore_stated: whether it says itself what is to be ignored. input_size: height and width.
    """

    classes: Classes
    slug: str
    title: str
    licence: str
    source: str
    ignore_index: int | None
    ignore_stated: bool
    input_size: tuple[int, int] | None


def description_read(path: Path) -> Description:
    """What the file says. ValueError names the file, and the field that does not fit."""
    if not path.is_file():
        raise ValueError(f"{path} is missing: it names the classes of the masks' ids.")
    return description_of(json_read(path), path)


def description_of(content: Any, path: Path) -> Description:
    """What the content of such a file says; `path` begins the sentences of a ValueError."""
    if not isinstance(content, dict) or not isinstance(content.get("classes"), list):
        raise ValueError(f'{path} should hold {{"classes": ["road", …]}}.')
    texts = {}
    for name in ("slug", "title", "licence", "source"):
        text = content.get(name) or ""
        if not is_plain(text):
            raise ValueError(f"{path}: {name} is no text.")
        texts[name] = text
    return Description(
        classes=_classes(path, content["classes"]),
        licence=texts.pop("licence") or "unknown",
        **texts,
        ignore_index=_ignore_index(path, content.get("ignore_index", IGNORED)),
        ignore_stated="ignore_index" in content,
        input_size=_input_size(path, content.get("input_size")),
    )


def json_read(path: Path) -> Any:
    """A JSON file, with or without a byte order mark. ValueError, naming it, when it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError as error:
        raise ValueError(f"{path} is no JSON of ours: it is nested too deeply.") from error
    except ValueError as error:
        raise ValueError(f"{path} is no JSON in UTF-8: {error}.") from error


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
            raise ValueError(f"{path}: the name of class {place} in classes is no text.")
    if not 2 <= len(entries) <= MOST_CLASSES:
        raise ValueError(f"{path} should name 2 to {MOST_CLASSES} classes.")
    if any("id" in entry for entry in entries):
        entries = _in_order(path, entries)
    names_require([entry["name"] for entry in entries], path)
    classes = named_classes(entry["name"] for entry in entries)
    for one, entry in zip(classes, entries, strict=True):
        colour = entry.get("colour", one["colour"])
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise ValueError(f"{path}: {colour!r} is no colour; write it as #rrggbb.")
        one["colour"] = colour
    return classes


def _in_order(path: Path, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Classes that say their ids themselves, by these."""
    ids = [whole(entry.get("id")) for entry in entries]
    if set(ids) != set(range(len(entries))):
        raise ValueError(
            f"{path}: the ids in classes should be 0 to {len(entries) - 1}, each once, as masks "
            "have them; or leave all of them out."
        )
    by_id = dict(zip(ids, entries, strict=True))
    return [by_id[number] for number in range(len(entries))]


def _ignore_index(path: Path, value: Any) -> int | None:
    number = whole(value)
    if value is None or (number is not None and 0 <= number <= 255):
        return number
    raise ValueError(
        f"{path}: ignore_index should be null or a whole number from 0 to 255, as masks hold it."
    )


def _input_size(path: Path, value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = [whole(side) for side in value] if isinstance(value, list) else []
    height, width = sides if len(sides) == 2 else (None, None)
    if height and width and min(height, width) >= 1 and max(height, width) <= LARGEST_SIDE:
        return height, width
    raise ValueError(
        f"{path}: input_size should be [height, width], whole numbers from 1 to {LARGEST_SIDE}."
    )

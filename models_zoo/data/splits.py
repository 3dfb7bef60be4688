"""The names that people give to splits, and splits of images that nobody has split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from models_zoo.data.listing import composed
from models_zoo.seeds import seed_for

SPLIT_NAMES = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
# A word for itself, as in train2017, Val and instances_val: not the val of a valley.
_SPLIT_WORD = re.compile(
    r"(?<![a-z])(train|validation|valid|val|test)(?![a-z])", re.ASCII | re.IGNORECASE
)
_HELD_BACK = 5
Item = TypeVar("Item")


def halves_by_name(items: Sequence[Item], name: Callable[[Item], str]) -> dict[str, list[Item]]:
    """`train` and `val` of images that nobody has split, chosen by a hash of their file names.

    Both in the order of `items`.
    """
    # By hash, not drawn: whoever opens the folder, and whenever, gets the same halves.
    ranked = sorted(
        range(len(items)), key=lambda place: seed_for("split", composed(name(items[place])))
    )
    # One at least: without val nothing could be scored.
    val = set(ranked[: max(1, len(ranked) // _HELD_BACK)])
    return {
        "train": [item for place, item in enumerate(items) if place not in val],
        "val": [item for place, item in enumerate(items) if place in val],
    }


def split_place(path: Path, split: str) -> Path:
    """The file or folder of `split` that lies as `path` does.

    It has the split's word in the place of another one in its name (instances_val2017.json), or
    its folder has (valid/annotations.json). Where none is there, the likeliest one. `path` itself
    where no name tells a split.
    """
    if not names_a_split(path):
        return path
    places = list(_places(path, split))
    # The last word of a name first: test-site_train.json is of train.
    return next((place for place in places if place.exists()), places[0])


def names_a_split(path: Path) -> bool:
    """Whether the name of a file, or of its folder beside other splits', tells its split."""
    if _SPLIT_WORD.search(path.name):
        return True
    words = [word for split in SPLIT_NAMES for word in _places(path, split)]
    return any(place.exists() and place != path for place in words)


def _places(path: Path, split: str) -> Iterator[Path]:
    names = SPLIT_NAMES.get(split, (split,))
    if _SPLIT_WORD.search(path.name):
        for name in _with_word(path.name, names):
            yield path.with_name(name)
    # A folder is a split's if its whole name says so: any folder may be called "test set 3".
    elif _SPLIT_WORD.fullmatch(path.parent.name):
        for name in _with_word(path.parent.name, names):
            yield path.parent.with_name(name) / path.name


def _with_word(name: str, words: Sequence[str]) -> Iterator[str]:
    """`name` with each of its words for a split, from the last on, replaced by each of `words`."""
    for match in reversed(list(_SPLIT_WORD.finditer(name))):
        for word in words:
            cased = word  # as Train.json lies beside Val.json
            if match[0][0].isupper():
                cased = word.upper() if match[0].isupper() else word.capitalize()
            yield name[: match.start()] + cased + name[match.end() :]

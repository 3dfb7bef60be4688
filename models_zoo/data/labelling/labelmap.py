"""labelmap.txt, which says the colour of each label in the masks of CVAT and Datumaro."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models_zoo.data.classes import BACKGROUND, MOST_CLASSES, Classes, class_list, names_require
from models_zoo.data.findings import named
from models_zoo.files import text_read
from models_zoo.translation import gettext_noop as _

LABELMAP = "labelmap.txt"
_COLOUR = re.compile(r"\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*")
_HEAD = "# label:color_rgb:parts:actions"


def labelmap_read(path: Path) -> Classes:
    """The labels as a class list, the background first. ValueError names the line that is wrong."""
    named_colours = []
    for number, line in enumerate(text_read(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        # A label may hold a colon; parts and actions, which may be missing, are not ours.
        label, colour = _split(line)
        match = _COLOUR.fullmatch(colour)
        if not match or max(map(int, match.groups())) > 255:
            raise ValueError(
                _(f"{path}: line {number} should be label:red,green,blue:parts:actions.")
            )
        named_colours.append((label, "#" + bytes(map(int, match.groups())).hex()))
    names_require([label for label, _ in named_colours], path)
    if not 2 <= len(named_colours) <= MOST_CLASSES:
        raise ValueError(_(f"{path} should name 2 to {MOST_CLASSES} labels."))
    colours = [colour for _, colour in named_colours]
    if shared := sorted({colour for colour in colours if colours.count(colour) > 1}):
        raise ValueError(_(f"{path}: several labels have one colour: {named(shared)}."))
    return class_list(*sorted(named_colours, key=lambda pair: pair[0].lower() != BACKGROUND))


def labelmap_text(classes: Sequence[dict[str, Any]]) -> str:
    """A class list as labelmap.txt."""
    lines = [
        f"{entry['name']}:{','.join(map(str, bytes.fromhex(entry['colour'][1:])))}::"
        for entry in classes
    ]
    return "\n".join([_HEAD, *lines, ""])


def _split(line: str) -> tuple[str, str]:
    """The label and the colour of a line."""
    fields = line.rsplit(":", 3)
    if len(fields) == 4 and _COLOUR.fullmatch(fields[1]):
        return fields[0], fields[1]
    label, _, rest = line.partition(":")
    return label, rest.partition(":")[0]

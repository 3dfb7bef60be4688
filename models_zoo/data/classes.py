"""Class lists of the known data sets, with colours that colour-blind people can tell apart.

A class list is a list of {"id", "name", "colour"}; ids count from 0 without gaps. Neighbouring
classes differ in lightness as well as in hue, so that they stay apart without colour vision.
"""

from __future__ import annotations

import colorsys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from models_zoo.data.findings import named
from models_zoo.data.listing import composed
from models_zoo.files import is_plain
from models_zoo.translation import gettext_noop as _

Classes = list[dict[str, Any]]
BACKGROUND = "background"
MOST_CLASSES = 255  # masks are bytes, and 255 is ignored in training


def class_list(*named_colours: tuple[str, str]) -> Classes:
    """(name, "#rrggbb") pairs in the order of their ids, as a class list."""
    return [
        {"id": number, "name": name, "colour": colour}
        for number, (name, colour) in enumerate(named_colours)
    ]


# For classes that come without colours. Each is the one farthest from all before it, in CIELAB, to
# whichever eyes tell them apart worst: with all cones, or one kind missing (Machado et al. 2009).
# The first, the background of most data sets, is nearly black.
PALETTE = (
    "#1a1a1a",
    "#87ff87",
    "#ff87ff",
    "#00781e",
    "#780087",
    "#ff5a96",
    "#f0e13c",
    "#96a51e",
    "#96005a",
    "#6969f0",
    "#d2f0c3",
    "#69b45a",
    "#c34ba5",
    "#2d4b1e",
    "#e1a5d2",
    "#965a5a",
    "#9669d2",
    "#003cb4",
    "#c3d24b",
    "#f0a596",
    "#b42d00",
    "#ffd2ff",
    "#3c9687",
    "#7896d2",
)


def named_classes(names: Iterable[str]) -> Classes:
    """Classes that come without colours: those of PALETTE; beyond it, hues a golden angle apart."""
    return class_list(*((name, _colour(number)) for number, name in enumerate(names)))


def _colour(number: int) -> str:
    if number < len(PALETTE):
        return PALETTE[number]
    # 0.381966 of a turn is the golden angle: any number of hues stay apart.
    lightness = (0.45, 0.75, 0.3)[number % 3]
    colour = colorsys.hls_to_rgb(number * 0.381966 % 1, lightness, 0.7)
    return "#" + bytes(round(255 * part) for part in colour).hex()


def object_classes(names: Sequence[str], where: Any) -> tuple[Classes, dict[str, int]]:
    """Classes of what is drawn on images, after class 0, the background; and each name's id.

    A name that is "background" itself is class 0. ValueError as by `names_require`, or for more
    classes than masks can hold; `where` the names stand begins the sentence.
    """
    names_require([BACKGROUND if _is_background(name) else name for name in names], where)
    drawn = [name for name in names if not _is_background(name)]
    if not 1 <= len(drawn) < MOST_CLASSES:
        raise ValueError(
            _(
                f"{where} should name 1 to {MOST_CLASSES - 1} classes beside the background, "
                f"not {len(drawn)}."
            )
        )
    ids = dict.fromkeys(names, 0) | {name: number for number, name in enumerate(drawn, start=1)}
    return named_classes([BACKGROUND, *drawn]), ids


def _is_background(name: Any) -> bool:
    return isinstance(name, str) and name.strip().lower() == BACKGROUND


def names_require(names: Sequence[Any], where: Any) -> None:
    """ValueError for classes that nobody could tell apart: two of one name, or one without any.

    Names that differ in nothing but spaces, or in how a system writes é, are one. `where` the
    names stand begins the sentence.
    """
    shown = [" ".join(composed(name).split()) if is_plain(name) else "" for name in names]
    if lacking := [str(place) for place, name in enumerate(shown) if not name]:
        raise ValueError(_(f"{where}: a class has no name: {named(lacking)} (counted from 0)."))
    if twice := [name for name, count in Counter(shown).items() if count > 1]:
        raise ValueError(_(f"{where}: several classes have one name: {named(twice)}. Rename them."))


CAMVID = class_list(
    ("sky", "#a6cee3"),
    ("building", "#8c510a"),
    ("pole", "#fdf0a1"),
    ("road", "#5b4f9c"),
    ("pavement", "#d6a6d9"),
    ("tree", "#1b7837"),
    ("sign", "#f1c40f"),
    ("fence", "#e08214"),
    ("car", "#2166ac"),
    ("pedestrian", "#d7301f"),
    ("bicyclist", "#35d0ba"),
)
CAMVID_VOID = 11

VOC = named_classes(
    [
        "background",
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    ]
)
VOC_VOID = 255

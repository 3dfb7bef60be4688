"""The classes of the `scenes` data set, their ids and colours, and the six failures it provokes."""

from __future__ import annotations

from models_zoo.data.classes import class_list

(
    SKY,
    BUILDING,
    SKYSCRAPER,
    ROAD,
    PAVEMENT,
    TERRAIN,
    TREE,
    WATER,
    CAR,
    BOAT,
    BUS,
    PERSON,
    BICYCLE,
    POLE,
    SIGN,
    FENCE,
) = range(16)

# At least 14 apart (CIE Lab) for normal sight and without red or green receptors: see the test.
CLASSES = class_list(
    ("sky", "#87d3ff"),
    ("building", "#8e4b1a"),
    ("skyscraper", "#ecb2b0"),
    ("road", "#545165"),
    ("pavement", "#b7a3b3"),
    ("terrain", "#bed34a"),
    ("tree", "#196d41"),
    ("water", "#2574d6"),
    ("car", "#fcd72a"),
    ("boat", "#773d9f"),
    ("bus", "#ff8a17"),
    ("person", "#cd2951"),
    ("bicycle", "#00e4e1"),
    ("pole", "#151621"),
    ("sign", "#fefffc"),
    ("fence", "#7e8c2c"),
)
IGNORE_INDEX = 255  # never painted: every pixel has a class

FAILURES = ("large", "small", "thin", "context", "look_alike", "low_contrast")

# What a narrow view takes an object for: the same drawing in other surroundings or of another size.
CONFUSABLE = {CAR: BOAT, BOAT: CAR, BUILDING: SKYSCRAPER, SKYSCRAPER: BUILDING}

"""The classes of the `scenes` data set, their ids and colours, and the six failures it provokes."""

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

# Neighbouring classes differ in lightness first, so that they stay apart without red and green.
CLASSES: list[dict] = [
    {"id": SKY, "name": "sky", "colour": "#9fd8ff"},
    {"id": BUILDING, "name": "building", "colour": "#a65628"},
    {"id": SKYSCRAPER, "name": "skyscraper", "colour": "#f3b6c8"},
    {"id": ROAD, "name": "road", "colour": "#5a5560"},
    {"id": PAVEMENT, "name": "pavement", "colour": "#b9b4c0"},
    {"id": TERRAIN, "name": "terrain", "colour": "#b5d334"},
    {"id": TREE, "name": "tree", "colour": "#1b6b3a"},
    {"id": WATER, "name": "water", "colour": "#1f6fd1"},
    {"id": CAR, "name": "car", "colour": "#ffd92f"},
    {"id": BOAT, "name": "boat", "colour": "#7b3fa0"},
    {"id": BUS, "name": "bus", "colour": "#f07f19"},
    {"id": PERSON, "name": "person", "colour": "#c2185b"},
    {"id": BICYCLE, "name": "bicycle", "colour": "#00d5c8"},
    {"id": POLE, "name": "pole", "colour": "#16161d"},
    {"id": SIGN, "name": "sign", "colour": "#ffffff"},
    {"id": FENCE, "name": "fence", "colour": "#7a8f1e"},
]
IGNORE_INDEX = 255  # never painted: every pixel has a class

FAILURES = ("large", "small", "thin", "context", "look_alike", "low_contrast")

# What a narrow view takes an object for: the same drawing in other surroundings or of another size.
CONFUSABLE = {CAR: BOAT, BOAT: CAR, BUILDING: SKYSCRAPER, SKYSCRAPER: BUILDING}

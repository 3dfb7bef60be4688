"""The classes of masks: which lists can be compared, and how many pixels each class takes."""

from __future__ import annotations

import numpy as np
from django.core.cache import cache
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

from experiments.models import Checkpoint
from inference.images.masks import mask_read

# Names come from checkpoints, not from a template; a test keeps the list complete for what ships.
CLASS_NAMES = (
    _("aeroplane"),
    _("background"),
    _("bicycle"),
    _("bicyclist"),
    _("bird"),
    _("boat"),
    _("bottle"),
    _("building"),
    _("bus"),
    _("car"),
    _("cat"),
    _("chair"),
    _("cow"),
    _("diningtable"),
    _("dog"),
    _("fence"),
    _("horse"),
    _("motorbike"),
    _("pavement"),
    _("pedestrian"),
    _("person"),
    _("pole"),
    _("pottedplant"),
    _("road"),
    _("sheep"),
    _("sign"),
    _("sky"),
    _("skyscraper"),
    _("sofa"),
    _("terrain"),
    _("tree"),
    _("tvmonitor"),
    _("water"),
)

# A class whose word is another thing's too: the vehicle, not the split.
HOMONYMS = {"train": pgettext_lazy("class", "train")}


def class_list(checkpoint: Checkpoint) -> tuple[tuple[int, str], ...]:
    """What two checkpoints must have in common for their masks to be compared: ids and names."""
    return tuple((entry["id"], entry["name"]) for entry in checkpoint.classes)


def mask_counts(mask: FieldFile) -> dict[int, int]:
    """How many pixels of a stored mask each id has, of those that it has."""
    # A mask never changes once it is stored under its name, so its counts may be kept.
    name = f"counts:{mask.name}"
    if (counts := cache.get(name)) is None:
        found = np.zeros(256, np.int64)
        for row in mask_read(mask):  # all of it at once would take eight times as much
            found += np.bincount(row, minlength=256)
        counts = {number: count for number, count in enumerate(found.tolist()) if count}
        cache.set(name, counts)
    return counts

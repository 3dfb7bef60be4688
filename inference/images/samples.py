"""The sample images that the first page offers: street scenes drawn by the project itself.

`samples/samples.json` names them and the classes of their true masks; NAME.png is the image,
NAME.mask.png its mask.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

FOLDER = Path(__file__).parent / "samples"

FAILURES = {
    "large": _("Large objects"),
    "small": _("Small objects"),
    "thin": _("Thin structures"),
    "context": _("Context"),
    "look_alike": _("Look-alikes"),
    "low_contrast": _("Low contrast"),
}

# What samples.json says, marked for translation; a test keeps the list complete.
SENTENCES = (
    _("A bus up close"),
    _("Windows and doors belong to the bus; a narrow view cuts it apart."),
    _("Traffic along the quay"),
    _("Far cars, boats and people vanish in coarse masks."),
    _("Bicycles by the kerb"),
    _("Spokes, posts and railings need fine boundaries."),
    _("Road and river"),
    _("The same body is a car on the road and a boat on the water."),
    _("Houses and towers"),
    _("Houses and skyscrapers share their walls, only their extent differs."),
    _("Grey before grey"),
    _("People and signs in nearly the colour of what is behind them."),
    _("On the promenade"),
    _("A fence and bicycles, and boats behind them."),
    _("A walk at dusk"),
    _("People, trees and a fence fade into the dusk."),
)


@dataclass(frozen=True)
class Sample:
    """One sample; `title` and `provokes` are English sentences that templates translate.

    `failure` is the kind of failure that it provokes, a key of FAILURES.
    """

    name: str
    failure: str
    title: str
    provokes: str

    @property
    def image_path(self) -> Path:
        """The image file."""
        return FOLDER / f"{self.name}.png"

    @property
    def version(self) -> str:
        """Names what is in the image, for addresses that are kept for ever."""
        return _digest(self.image_path)

    @property
    def mask_path(self) -> Path:
        """The true mask, pixel = class id."""
        return FOLDER / f"{self.name}.mask.png"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _index() -> dict[str, Any]:
    path = FOLDER / "samples.json"
    return json.loads(path.read_text()) if path.exists() else {"samples": []}


def sample_images() -> list[Sample]:
    """Every sample, in the order to show them."""
    return [
        Sample(entry["name"], entry["failure"], entry["title"], entry["provokes"])
        for entry in _index()["samples"]
    ]


def samples_titled(word: str) -> list[str]:
    """The names of the samples whose title has the word in the reader's language."""
    word = word.lower()
    return [entry.name for entry in sample_images() if word in gettext(entry.title).lower()]


def samples_by_failure() -> dict[str, list[Sample]]:
    """The samples by what they provoke, in the order of FAILURES."""
    grouped = {
        failure: [s for s in sample_images() if s.failure == failure] for failure in FAILURES
    }
    return {failure: samples for failure, samples in grouped.items() if samples}


def sample_dataset() -> dict[str, Any]:
    """The data set that the samples' masks belong to: slug, title, classes, ignore_index."""
    return _index()["dataset"]

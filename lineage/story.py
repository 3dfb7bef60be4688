"""The story in numbers as the page shows it: table and charts of one data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lineage.measures import MEASURES, Measure, Measured
from models_zoo import Architecture, catalogue
from models_zoo.data.known import KNOWN, TRAINED
from models_zoo.networks.catalogue import place
from models_zoo.study.stories import story_read

APART = 0.1  # a failure's score tells networks apart when best and worst differ by this


@dataclass(frozen=True)
class Bar:
    """One network in a chart; `share` of the widest bar, None where nothing was measured."""

    architecture: Architecture
    key: str
    share: float
    text: str
    mark: str


@dataclass(frozen=True)
class Chart:
    """A measure over the lineage. `too_close`: a failure's score that tells hardly any apart."""

    measure: Measure
    bars: list[Bar]
    too_close: bool


@dataclass(frozen=True)
class Row:
    """A line of the table: a checkpoint's values, or an architecture without one.

    `smaller`: it sees the images at another size than the others.
    """

    architecture: Architecture
    entry: Measured | None
    cells: list[str]
    smaller: bool = False


@dataclass(frozen=True)
class Story:
    """Everything measured on one data set."""

    told: dict[str, Any]

    @property
    def entries(self) -> list[Measured]:
        """The measured checkpoints, in the order of the lineage."""
        # A file outlives what it measured: an architecture may have left the catalogue.
        known = [entry for entry in self.told["entries"] if entry["architecture"] in catalogue()]
        return sorted(known, key=lambda entry: place(entry["architecture"]))

    @property
    def measures(self) -> list[Measure]:
        """Those that are known of any network."""
        return [m for m in MEASURES if any(m.read(entry) is not None for entry in self.entries)]

    @property
    def rows(self) -> list[Row]:
        """The whole lineage, the networks that are not trained yet too."""
        return self.rows_of(catalogue(), self.measures)

    def rows_of(self, keys: Iterable[str], measures: list[Measure]) -> list[Row]:
        """`measures` of the architectures `keys`: a row for each of their checkpoints, or one."""
        rows = []
        for key in keys:
            own = [entry for entry in self.entries if entry["architecture"] == key]
            for entry in own:
                values = [(measure, measure.read(entry)) for measure in measures]
                cells = [
                    "–" if value is None else measure.write(value) for measure, value in values
                ]
                smaller = tuple(entry["input_size"]) != tuple(self.told["size"])
                rows.append(Row(catalogue()[key], entry, cells, smaller))
            if not own:
                rows.append(Row(catalogue()[key], None, []))
        return rows

    @property
    def charts(self) -> list[Chart]:
        """The small multiples."""
        charts = []
        for measure in self.measures:
            read = [(entry, measure.read(entry)) for entry in self.entries]
            measured = [(entry, value) for entry, value in read if value is not None]
            values = [value for _, value in measured]
            # Fractions are drawn against 1, so that charts compare; other units have no end.
            top = max(values) if measure.unit else 1.0
            low, high = min(values), max(values)
            marks = {high: "worst", low: "best"} if measure.less else {low: "worst", high: "best"}
            bars = [
                Bar(
                    catalogue()[entry["architecture"]],
                    entry["key"],
                    round(value / top, 4),
                    measure.write(value),
                    marks.get(value, "") if measure.ranks and low < high else "",
                )
                for entry, value in measured
            ]
            # Chance alone shows failures elsewhere, and two networks say little of what tells
            # apart.
            provoked = measure.tells and KNOWN[self.told["dataset"]].provokes and len(bars) > 2
            charts.append(Chart(measure, bars, provoked and high - low < APART))
        return charts


def stories() -> dict[str, Story]:
    """What has been measured, by data set; scenes first, since its scenes provoke each failure."""
    files = {slug: story_read(slug) for slug in TRAINED}
    return {slug: Story(told) for slug, told in files.items() if told and told["entries"]}

"""The masks of one probe image by several runs, epoch by epoch, in step."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse

from experiments.models import Probe, Run

MOST_KEPT = 60  # epochs of a run whose masks a page names
MOST_STEPS = 100  # epochs that the slider goes through
IN_VIEW = 6  # epochs that stand beside each other


@dataclass(frozen=True)
class Row:
    """A run's masks, by the epochs that kept one, in their order."""

    run: Run
    epochs: list[int]
    masks: list[str]

    def at(self, epoch: int) -> tuple[int, str]:
        """The latest mask of that epoch or before, else the first: its epoch and its address."""
        place = max(0, bisect_right(self.epochs, epoch) - 1)
        return self.epochs[place], self.masks[place]


@dataclass(frozen=True)
class Grid:
    """Runs of one data set by epochs; `names` are the images that there are."""

    rows: list[Row]
    names: list[str]
    name: str
    photo: str
    truth: str

    @property
    def classes(self) -> list[dict[str, Any]]:
        """What the colours mean."""
        dataset = self.rows[0].run.dataset
        return dataset.classes if dataset else []

    @property
    def epochs(self) -> list[int]:
        """The epochs of which one of the runs kept a mask, or so many of them."""
        return spread(sorted({epoch for row in self.rows for epoch in row.epochs}), MOST_STEPS)

    @property
    def strips(self) -> list[tuple[Row, list[tuple[int, str]]]]:
        """Each row with a few of its masks, at the same epochs as the others."""
        shown = spread(self.epochs, IN_VIEW)
        return [(row, [row.at(epoch) for epoch in shown]) for row in self.rows]

    @property
    def steps(self) -> dict[str, Any]:
        """What the slider needs: for each of its steps the epoch and the mask of every row."""
        epochs = self.epochs
        return {
            "epochs": epochs,
            "rows": [[row.at(epoch) for epoch in epochs] for row in self.rows],
        }


def probe_grid(runs: Sequence[Run], name: str = "") -> Grid | None:
    """The grid of the image `name`, or of the one that most runs kept; None without any mask.

    Of runs of several data sets, those of the first one's that has masks: others saw other images.
    """
    probes = Probe.objects.filter(run__in=runs).order_by("epoch")
    names: dict[int, set[str]] = defaultdict(set)
    for pk, image in probes.order_by().values_list("run", "name").distinct():
        names[pk].add(image)
    kept = [run for run in runs if run.pk in names]
    kept = [run for run in kept if run.dataset_id == kept[0].dataset_id]
    counted = Counter(sorted(image for run in kept for image in names[run.pk]))
    if not counted:
        return None
    if name not in counted:
        name = counted.most_common(1)[0][0]
    files: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for pk, epoch, file in probes.filter(name=name).values_list("run", "epoch", "file"):
        files[pk].append((epoch, file))
    rows = []
    for run in kept:
        if found := spread(files[run.pk], MOST_KEPT):
            masks = [_address(run, file) for _epoch, file in found]
            rows.append(Row(run, [epoch for epoch, _file in found], masks))
    # Shipped runs of data sets that may not be passed on have masks alone.
    pictured = next((r.run for r in rows if default_storage.exists(f"{r.run.folder}/images")), None)
    sides = [""] * 2
    if pictured:
        probe = Probe(run=pictured, name=name)
        sides = [_address(pictured, side) for side in (probe.image, probe.truth)]
    return Grid(rows, sorted(counted), name, *sides)


def spread(found: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them, evenly, with the first and the last."""
    if len(found) <= most:
        return list(found)
    return [found[round(n * (len(found) - 1) / (most - 1))] for n in range(most)]


def _address(run: Run, key: str) -> str:
    return reverse("experiments:file", args=[run.pk, key.removeprefix(f"{run.folder}/")])

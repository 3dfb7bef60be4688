"""The classes of a compare page: how much of the image each model gives to each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.fields.files import FieldFile

from inference.compare.panes import Pane
from inference.images.classes import class_list, mask_counts
from inference.images.truths import truth_fits
from inference.models import Comparison

LEAST = 1 / 9  # of a bar's height, a pixel: what is there at all is seen


@dataclass(frozen=True)
class Cell:
    """A model's share of a class, a fraction of the image; `height` of the largest in the table."""

    number: int
    share: float
    height: float

    @property
    def top(self) -> float:
        """Where its bar begins, from above."""
        return 1 - self.height


@dataclass(frozen=True)
class ClassRow:
    """One class; `true` is its share in the true mask, `disputed` what only some give to it."""

    id: int
    name: str
    colour: str
    cells: Sequence[Cell]
    true: float | None
    disputed: float | None
    worst: bool


@dataclass(frozen=True)
class ClassTable:
    """The classes of one class list that at least one mask has, in the list's order.

    `true`: whether the image has a true mask of these classes. `most`: the largest share, which
    fills its bar.
    """

    title: str
    true: bool
    most: float
    panes: Sequence[Pane]
    rows: Sequence[ClassRow]


def class_tables(comparison: Comparison, panes: Sequence[Pane]) -> list[ClassTable]:
    """A table for each class list among the masks that are there."""
    by_classes: dict[tuple[tuple[int, str], ...], list[Pane]] = {}
    for pane in panes:
        if pane.prediction.mask:
            by_classes.setdefault(class_list(pane.prediction.checkpoint), []).append(pane)
    return [_table(comparison, members) for members in by_classes.values()]


def _table(comparison: Comparison, panes: list[Pane]) -> ClassTable:
    checkpoint = panes[0].prediction.checkpoint
    shares = [_shares(pane.prediction.mask) for pane in panes]
    image, known = comparison.image, truth_fits(comparison.image, checkpoint)
    true = _shares(image.mask) if known else {}
    disputed = _disputed(comparison, panes)
    worst = max(disputed, key=lambda number: disputed[number], default=None)
    most = max((share for own in shares for share in own.values()), default=1.0)
    rows = []
    for entry in checkpoint.classes:
        number = entry["id"]
        found = [own.get(number, 0.0) for own in shares]
        if not any(found) and not true.get(number):
            continue
        cells = [
            Cell(pane.number, share, max(share / most, LEAST if share else 0))
            for pane, share in zip(panes, found, strict=True)
        ]
        rows.append(
            ClassRow(
                number,
                entry["name"],
                entry["colour"],
                cells,
                true.get(number, 0.0) if known else None,
                disputed.get(number),
                number == worst and disputed[number] > 0,
            )
        )
    return ClassTable(checkpoint.dataset.title, known, most, panes, rows)


def _shares(mask: FieldFile) -> dict[int, float]:
    counts = mask_counts(mask)
    pixels = sum(counts.values())
    return {number: count / pixels for number, count in counts.items()}


def _disputed(comparison: Comparison, panes: list[Pane]) -> dict[int, float]:
    """By class id, of the group that these panes are; none until it is settled."""
    own = {str(pane.prediction.pk) for pane in panes}
    for group in (comparison.agreement or {}).get("groups", []):
        if {str(pk) for pk in group["predictions"]} == own:
            return dict(enumerate(group.get("disputed") or []))
    return {}

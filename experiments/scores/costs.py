"""What checkpoints cost when they are used: told by the app above that uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a checkpoint's predictions took here: medians of what a megapixel takes."""

    milliseconds: float | None
    memory_bytes: float | None


Measure = Callable[[], dict[int, Cost]]
_measures: list[Measure] = []


def costs_measured(measure: Measure) -> Measure:
    """Ask this function for costs by checkpoint id from now on; a decorator.

    Tracking does not know who predicts: what it shows of predictions is handed down to it.
    """
    _measures.append(measure)
    return measure


def costs() -> dict[int, Cost]:
    """What is known of each checkpoint's cost, by its id."""
    return {checkpoint: cost for measure in _measures for checkpoint, cost in measure().items()}

"""What is read off networks as they are: their cost, their view, what align_corners does to them.

No part is changed in training for these, so they need neither arms nor seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lineage.measures import BY_NAME, Measure, Measured, field_ratio
from lineage.verdict import Compared, Effect, Verdict, signed
from models_zoo.ablations import costs_read
from models_zoo.networks.catalogue import architecture_get

# A cost has to be 5 % below the other's to count as lower.
LOWER = 0.95
FIELD_RANGE = (0.25, 0.42)  # about a third
FEWEST = 3  # networks that tell something of all
_COST = Measure("gmacs", _("Multiply-adds"), lambda entry: entry["gmacs"], unit="G", less=True)
# Time comes first: it is what one waits for, and what has an interval.
_COSTS = {"milliseconds": BY_NAME["milliseconds"], "memory": BY_NAME["memory"], "gmacs": _COST}


def cost() -> Verdict:
    """Of the networks as their papers have them: slim, one is narrowed more than the other."""
    says, told = _("SegNet costs less than DeconvNet."), costs_read()
    if not told:
        unknown = Compared("cost", "", "", Effect(BY_NAME["milliseconds"].title, "unmeasured"))
        return Verdict("segnet", says, (unknown,))
    time, *others = (_cost_effect(name, measure, told[name]) for name, measure in _COSTS.items())
    compared = Compared("cost", told["arm"], told["against"], time, tuple(others))
    return Verdict("segnet", says, (compared,))


def _cost_effect(name: str, measure: Measure, told: dict[str, Any]) -> Effect:
    scale = 1e6 if name == "memory" else 1
    first, second = (measure.write(value / scale) for value in told["values"])
    # Multiply-adds and memory are exact.
    low, high = told.get("low", told["ratio"]), told.get("high", told["ratio"])
    if high < LOWER:
        state = "holds"
    elif low * LOWER > 1:
        state = "contrary"
    else:
        state = "same" if low >= LOWER and high * LOWER <= 1 else "unclear"
    interval = f"[×{low:.2f}, ×{high:.2f}] " if "low" in told else ""
    return Effect(measure.title, state, f"×{told['ratio']:.2f}", f"{interval}({first} / {second})")


def field(entries: list[Measured]) -> Verdict:
    """Whether effective by theoretical field, where theory has a box, is a third in most of them.

    Their median alone would hide that hardly one is near it.
    """
    says = _("The actual receptive field is about a third of the theoretical one.")
    ratios = {e["architecture"]: ratio for e in entries if (ratio := field_ratio(e)) is not None}
    near = sum(FIELD_RANGE[0] <= ratio <= FIELD_RANGE[1] for ratio in ratios.values())
    return _over_networks("", says, "field_ratio", ratios, BY_NAME["field_ratio"].write, near)


def corners(entries: list[Measured]) -> Verdict:
    """What upsampling otherwise than in training, by align_corners, does to the mIoU."""
    says = _("Upsampled otherwise than it was trained, a network gets worse.")
    lost = {
        e["architecture"]: told["flipped"] - told["trained"]
        for e in entries
        if (told := e["corners"])
    }
    worse = sum(difference < 0 for difference in lost.values())
    return _over_networks("fcn32s", says, "miou", lost, signed, worse)


def _over_networks(
    about: str,
    says: Any,
    measure: str,
    values: dict[str, float],
    write: Callable[[float], str],
    agreeing: int,
) -> Verdict:
    """The verdict on what one value of each network tells: it holds if most of them agree."""
    title = BY_NAME[measure].title
    if not values:
        return Verdict(about, says, (Compared(measure, "", "", Effect(title, "unmeasured")),))
    state = "holds" if agreeing > len(values) / 2 else "fails"
    if len(values) < FEWEST:
        state = "unclear"
    least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    note = gettext(
        "the median of %(networks)s networks, from %(low)s (%(least)s) to %(high)s (%(most)s); "
        "so it is for %(agreeing)s of them"
    ) % {
        "networks": len(values),
        "low": write(values[least]),
        "least": architecture_get(least).title,
        "high": write(values[most]),
        "most": architecture_get(most).title,
        "agreeing": agreeing,
    }
    middle = write(statistics.median(values.values()))
    return Verdict(about, says, (Compared(measure, "", "", Effect(title, state, middle)),), note)

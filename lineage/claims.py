"""The lecture's claims, each with what came of it when that one part was changed.

What is claimed of one architecture stands in its paper's folder, which part of a network puts it to
the test in models_zoo/ablations/lineage.json, and what came of that beside it. Nothing here is
typed in.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from lineage.measures import BY_NAME, Measure, field_ratio
from models_zoo.ablations import costs_read
from models_zoo.networks.catalogue import catalogue
from models_zoo.networks.paper import Claim

# A cost has to be 5 % below the other's to count as lower.
LOWER = 0.95
FIELD_RANGE = (0.2, 0.5)  # about a third
_COST = Measure("gmacs", _("Multiply-adds"), lambda entry: entry["gmacs"], unit="G", less=True)
_COSTS = {"gmacs": _COST, "milliseconds": BY_NAME["milliseconds"], "memory": BY_NAME["memory"]}
WHOLE = (
    Claim(gettext_noop("A pretrained backbone helps."), ("pretrained",)),
    Claim(
        gettext_noop("Cells on the corner pixels (align_corners) are better."), ("align_corners",)
    ),
)


@dataclass(frozen=True)
class Effect:
    """What changing one part does to one measure. `state`: see `templatetags.lineage.VERDICTS`.

    `difference` and `interval` are written for reading; "" where they are not known.
    """

    title: Any
    state: str
    difference: str = ""
    interval: str = ""


@dataclass(frozen=True)
class Compared:
    """An arm against another, which differs in one setting.

    `effect`: of the measure that the claim is about; `others`: of all others. `seeds`: how many, in
    words. `picture`: the index of the image that tells most and what both arms score on it.
    """

    name: str
    arm: str
    against: str
    effect: Effect
    others: tuple[Effect, ...] = ()
    seeds: str = ""
    picture: dict[str, Any] | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. `note`: what it was held against, where no part was changed."""

    says: Any
    compared: tuple[Compared, ...]
    note: str = ""


def claims() -> list[tuple[str, Claim]]:
    """What the papers' folders claim, with the architecture each is about."""
    return [(key, claim) for key, line in catalogue().items() for claim in line.claims]


def verdicts(told: dict[str, Any]) -> list[Verdict]:
    """Every claim of the lecture, in the order of the lineage, with what `verdicts_read` tells."""
    every = [claim for _key, claim in claims()] + list(WHOLE)
    tested = [
        Verdict(
            gettext(claim.says),
            tuple(
                _compared(name, told.get("comparisons", {}).get(name)) for name in claim.comparisons
            ),
        )
        for claim in every
    ]
    return [*tested, _cost(), _field(told.get("arms", {}))]


def _compared(name: str, told: dict[str, Any] | None) -> Compared:
    if told is None:
        return Compared(name, "", "", Effect("", "unmeasured"))
    effects = told["effects"]
    main = effects.get(told["measure"])
    measure = BY_NAME[told["measure"]]
    if main is None:
        return Compared(name, told["arm"], told["against"], Effect(measure.title, "unmeasured"))
    return Compared(
        name,
        told["arm"],
        told["against"],
        _effect(measure, main),
        tuple(
            _effect(m, effects[m.name])
            for m in BY_NAME.values()
            if m.name in effects and m is not measure
        ),
        ngettext("%(count)s seed", "%(count)s seeds", main["seeds"]) % {"count": main["seeds"]},
        told["picture"],
    )


def _effect(measure: Measure, told: dict[str, Any]) -> Effect:
    interval = ""
    if told["low"] is not None:
        interval = f"[{_signed(told['low'])}, {_signed(told['high'])}]"
    return Effect(measure.title, told["verdict"], _signed(told["difference"]), interval)


def _signed(difference: float) -> str:
    """A difference of two fractions in points of percent."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def _cost() -> Verdict:
    """Of the networks as their papers have them: slim, one is narrowed more than the other."""
    says, told = _("SegNet costs less than DeconvNet."), costs_read()
    if not told:
        return Verdict(says, (Compared("cost", "", "", Effect(_COST.title, "unmeasured")),))
    gmacs, *others = (_cost_effect(name, measure, told[name]) for name, measure in _COSTS.items())
    return Verdict(says, (Compared("cost", told["arm"], told["against"], gmacs, tuple(others)),))


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


def _field(arms: dict[str, Any]) -> Verdict:
    """The median over arms of effective by theoretical receptive field, where theory has a box."""
    says = _("The actual receptive field is about a third of the theoretical one.")
    measure = BY_NAME["field_ratio"]
    ratios = {
        name: statistics.mean(of_seeds)
        for name, told in arms.items()
        if (of_seeds := [r for f in told["fields"] if (r := field_ratio({"field": f})) is not None])
    }
    if not ratios:
        return Verdict(says, (Compared("field", "", "", Effect(measure.title, "unmeasured")),))
    middle = statistics.median(ratios.values())
    state = "holds" if FIELD_RANGE[0] <= middle <= FIELD_RANGE[1] else "contrary"
    extremes = dict.fromkeys(
        [min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)]
    )
    note = ", ".join(f"{name} {measure.write(ratios[name])}" for name in extremes)
    return Verdict(
        says,
        (Compared("field", "", "", Effect(measure.title, state, measure.write(middle))),),
        note,
    )

"""The lecture's claims, each with what came of it when that one part was changed.

What is claimed of one architecture stands in its paper's folder, which part of a network puts it to
the test in models_zoo/ablations/lineage.json, and what came of that beside it. Nothing here is
typed in.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from lineage.measures import BY_NAME, Measure, Measured, field_ratio
from models_zoo.ablations import costs_read, pairs_read
from models_zoo.networks.catalogue import architecture_get, catalogue
from models_zoo.networks.paper import Claim

# A cost has to be 5 % below the other's to count as lower.
LOWER = 0.95
FIELD_RANGE = (0.25, 0.42)  # about a third
FEWEST = 3  # networks that tell something of all
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
    """What became of a claim about the architecture `about`, or about all ("").

    `note`: what it was held against, where no part was changed in the plan's networks.
    """

    about: str
    says: Any
    compared: tuple[Compared, ...]
    note: str = ""

    @property
    def measured(self) -> tuple[Compared, ...]:
        """The comparisons of which something is known."""
        return tuple(one for one in self.compared if one.effect.state != "unmeasured")


def claims() -> list[tuple[str, Claim]]:
    """What the papers' folders claim, with the architecture each is about."""
    return [(key, claim) for key, line in catalogue().items() for claim in line.claims]


def verdicts(told: dict[str, Any], entries: list[Measured]) -> list[Verdict]:
    """Every claim of the lecture, in the order of the lineage.

    `told`: what `verdicts_read` tells; `entries`: the checkpoints as a story measured them.
    """
    every = claims() + [("", claim) for claim in WHOLE]
    tested = [_tested(about, claim, told.get("comparisons", {})) for about, claim in every]
    return [*tested, _cost(), _field(entries)]


def _tested(about: str, claim: Claim, comparisons: dict[str, Any]) -> Verdict:
    compared = tuple(_compared(name, comparisons.get(name)) for name in claim.comparisons)
    verdict = Verdict(about, gettext(claim.says), compared)
    # Until the plan has come to it, one pair of trainings elsewhere is better than nothing.
    pair = next((pair for name in claim.comparisons if (pair := pairs_read().get(name))), None)
    return verdict if verdict.measured or pair is None else _pair(verdict, pair)


def _pair(verdict: Verdict, pair: dict[str, Any]) -> Verdict:
    measure, (first, second) = BY_NAME[pair["measure"]], pair["values"]
    effect = Effect(measure.title, "single", _signed(first - second))
    about = gettext(
        "%(network)s on %(data)s, %(split)s, %(width)s × %(height)s, %(epochs)s epochs: "
        "%(first)s against %(second)s (%(guide)s)"
    )
    height, width = pair["size"]
    values = {"first": measure.write(first), "second": measure.write(second)}
    note = about % (pair | values | {"width": width, "height": height})
    seeds = ngettext("%(count)s seed", "%(count)s seeds", 1) % {"count": 1}
    name = verdict.compared[0].name
    return replace(verdict, compared=(Compared(name, "", "", effect, seeds=seeds),), note=note)


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
    state = "single" if told["seeds"] == 1 else told["verdict"]
    return Effect(measure.title, state, _signed(told["difference"]), interval)


def _signed(difference: float) -> str:
    """A difference of two fractions in points of percent."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def _cost() -> Verdict:
    """Of the networks as their papers have them: slim, one is narrowed more than the other."""
    says, told = _("SegNet costs less than DeconvNet."), costs_read()
    if not told:
        unknown = Compared("cost", "", "", Effect(_COST.title, "unmeasured"))
        return Verdict("segnet", says, (unknown,))
    gmacs, *others = (_cost_effect(name, measure, told[name]) for name, measure in _COSTS.items())
    compared = Compared("cost", told["arm"], told["against"], gmacs, tuple(others))
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


def _field(entries: list[Measured]) -> Verdict:
    """Whether effective by theoretical field, where theory has a box, is a third in most of them.

    Their median alone would hide that hardly one is near it.
    """
    says = _("The actual receptive field is about a third of the theoretical one.")
    measure = BY_NAME["field_ratio"]
    ratios = {e["architecture"]: ratio for e in entries if (ratio := field_ratio(e)) is not None}
    if not ratios:
        unknown = Compared("field", "", "", Effect(measure.title, "unmeasured"))
        return Verdict("", says, (unknown,))
    near = sum(FIELD_RANGE[0] <= ratio <= FIELD_RANGE[1] for ratio in ratios.values())
    state = "holds" if near > len(ratios) / 2 else "fails"
    if len(ratios) < FEWEST:
        state = "unclear"
    least, most = (
        {"title": architecture_get(key).title, "value": measure.write(ratios[key])}
        for key in (min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__))
    )
    note = gettext(
        "the median of %(networks)s networks, from %(low)s (%(least)s) to %(high)s (%(most)s); "
        "%(near)s of them lie near a third"
    ) % {
        "networks": len(ratios),
        "low": least["value"],
        "least": least["title"],
        "high": most["value"],
        "most": most["title"],
        "near": near,
    }
    middle = measure.write(statistics.median(ratios.values()))
    return Verdict(
        "", says, (Compared("field", "", "", Effect(measure.title, state, middle)),), note
    )

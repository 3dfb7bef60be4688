"""The lecture's claims, each held against the numbers of one story. Nothing here is typed in.

What is claimed of one architecture stands in its paper's folder; here is what is of all.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lineage.measures import BY_NAME, Measure, Measured, field_ratio
from models_zoo.networks.catalogue import catalogue
from models_zoo.networks.paper import Claim
from models_zoo.study.descriptions import description

TIE = 0.01  # differences below this may be another seed's
# A cost has to be 5 % below the strongest rival's to count as lower.
FASTER = 0.95
CORNERS_SMALL = 0.01
FIELD_RANGE = (0.2, 0.5)  # about a third
_COST = Measure("gmacs", _("Multiply-adds"), lambda entry: entry["gmacs"], unit="G", less=True)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. `state`: holds, tie, fails or unmeasured; `values`: who had what.

    `missing`: networks without a checkpoint; `elsewhere`: the measure is not one of this data set.
    """

    says: Any
    measure: Any
    state: str
    values: list[tuple[str, str]]
    difference: str = ""
    missing: tuple[str, ...] = ()
    elsewhere: bool = False


def claims() -> list[tuple[str, Claim]]:
    """What the papers' folders claim, with the architecture each is about."""
    return [(key, claim) for key, line in catalogue().items() for claim in line.claims]


def _judge(better: str, claim: Claim, entries: list[Measured]) -> Verdict:
    """Held against the entries of a story; against the strongest rival."""
    says, sides = gettext(claim.says), (better, *claim.rivals)
    if claim.measure == _COST.name:
        return _judge_cost(says, sides)
    measure = BY_NAME[claim.measure]
    measured = {e["architecture"]: e for e in entries if _plain(e)}
    known = {key: measure.read(measured[key]) for key in sides if key in measured}
    values = {key: value for key, value in known.items() if value is not None}
    written = _written(measure, [(measured[key], value) for key, value in values.items()])
    if len(values) < len(sides):
        missing = tuple(key for key in sides if key not in measured)
        # A checkpoint is there without a value: only scenes diagnose the failures.
        elsewhere = len(values) < len(known)
        return Verdict(
            says, measure.title, "unmeasured", written, missing=missing, elsewhere=elsewhere
        )
    rivals = [values[key] for key in claim.rivals]
    state, difference = _compare(measure, values[better], rivals)
    return Verdict(says, measure.title, state, written, difference)


def _judge_cost(says: str, sides: tuple[str, ...]) -> Verdict:
    """Of networks as their papers have them: slim, one is narrowed more than the other."""
    descriptions = {key: description(key) for key in sides}
    costs = {
        key: told["variants"]["full"]["figures"]["gmacs"]
        for key, told in descriptions.items()
        if told
    }
    values = [(f"{key} full", _COST.write(cost)) for key, cost in costs.items()]
    if len(costs) < len(sides):
        return Verdict(says, _COST.title, "unmeasured", values)
    better, *rivals = costs.values()
    state, difference = _compare(_COST, better, rivals)
    return Verdict(says, _COST.title, state, values, difference)


def _written(measure: Measure, sides: list[tuple[Measured, float]]) -> list[tuple[str, str]]:
    """Key and value of each side; after how many epochs, where the sides differ in that."""
    epochs = {entry.get("epochs") for entry, _value in sides}
    texts = []
    for entry, value in sides:
        text = measure.write(value)
        if len(epochs) > 1 and None not in epochs:
            told = {"value": text, "epochs": entry["epochs"]}
            text = gettext("%(value)s after %(epochs)s epochs") % told
        texts.append((entry["key"], text))
    return texts


def _plain(entry: Measured) -> bool:
    # Claims compare networks of about equal parameters, not of equal widths.
    return entry["variant"] == "slim" and not entry["pretrained"] and entry["shipped"]


def _compare(measure: Measure, value: float, rivals: list[float]) -> tuple[str, str]:
    if measure.less:
        strongest = min(rivals)
        state = "holds" if value < FASTER * strongest else "tie"
        state = "fails" if value * FASTER > strongest else state
        return state, f"×{value / strongest:.2f}"
    difference = value - max(rivals)
    state = "tie" if abs(difference) < TIE else "holds" if difference > 0 else "fails"
    return state, _signed(difference)


def _signed(difference: float) -> str:
    return f"{difference:+.3f}".replace("-", "−")


def _pretrained(entries: list[Measured]) -> Verdict:
    """The same network with a pretrained backbone and without; the pair that differs most."""
    says, measure = _("A pretrained backbone helps."), BY_NAME["miou"]
    plain = {(e["architecture"], e["variant"]): e for e in entries if not e["pretrained"]}
    pairs = []
    for entry in entries:
        other = plain.get((entry["architecture"], entry["variant"]))
        if entry["pretrained"] and other:
            pairs.append((measure.read(entry) - measure.read(other), entry, other))
    if not pairs:
        return Verdict(says, measure.title, "unmeasured", [])
    _gain, entry, other = max(pairs, key=lambda pair: pair[0])
    state, difference = _compare(measure, measure.read(entry), [measure.read(other)])
    values = [
        (f"{entry['key']} ({_('pretrained')})", measure.write(measure.read(entry))),
        (other["key"], measure.write(measure.read(other))),
    ]
    return Verdict(says, measure.title, state, values, difference)


def _corners(entries: list[Measured]) -> Verdict:
    """How far mIoU moves when align_corners is the other way than trained with."""
    says, measure = _("align_corners changes little."), BY_NAME["miou"]
    moved = {
        entry["key"]: entry["corners"]["flipped"] - entry["corners"]["trained"]
        for entry in entries
        if entry["corners"]
    }
    if not moved:
        return Verdict(says, measure.title, "unmeasured", [])
    largest = max(moved.values(), key=abs)
    values = [(key, _signed(moved[key])) for key in _extremes(moved)]
    state = "holds" if abs(largest) < CORNERS_SMALL else "fails"
    return Verdict(says, measure.title, state, values, _signed(largest))


def _field(entries: list[Measured]) -> Verdict:
    """The median of effective by theoretical receptive field, where theory has a box."""
    says = _("The actual receptive field is about a third of the theoretical one.")
    measure = BY_NAME["field_ratio"]
    ratios = {e["key"]: ratio for e in entries if (ratio := field_ratio(e)) is not None}
    if not ratios:
        return Verdict(says, measure.title, "unmeasured", [])
    middle = statistics.median(ratios.values())
    state = "holds" if FIELD_RANGE[0] <= middle <= FIELD_RANGE[1] else "fails"
    values = [(key, measure.write(ratios[key])) for key in _extremes(ratios)]
    return Verdict(says, measure.title, state, values, measure.write(middle))


def _extremes(values: dict[str, float]) -> list[str]:
    """Who has the least and who the most."""
    return list(dict.fromkeys([min(values, key=values.get), max(values, key=values.get)]))


WHOLE: tuple[Callable[[list[Measured]], Verdict], ...] = (_pretrained, _corners, _field)


def verdicts(entries: list[Measured]) -> list[Verdict]:
    """Every claim of the lecture, held against one story."""
    about_one = [_judge(better, claim, entries) for better, claim in claims()]
    return about_one + [judge(entries) for judge in WHOLE]

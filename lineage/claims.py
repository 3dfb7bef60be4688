"""The lecture's claims, each with what came of it when that one part was changed.

What is claimed of one architecture stands in its paper's folder, which part of a network puts it to
the test in models_zoo/ablations/lineage.json, and what came of that beside it. Nothing here is
typed in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from lineage.measures import BY_NAME, Measure, Measured
from lineage.readings import corners, cost, field
from lineage.verdict import Compared, Effect, Verdict, signed
from models_zoo.ablations import pairs_read
from models_zoo.networks.catalogue import catalogue
from models_zoo.networks.paper import Claim

WHOLE = (
    Claim(gettext_noop("A pretrained backbone helps."), ("pretrained",)),
    Claim(
        gettext_noop("Cells on the corner pixels (align_corners) are better."), ("align_corners",)
    ),
)


def claims() -> list[tuple[str, Claim]]:
    """What the papers' folders claim, with the architecture each is about."""
    return [(key, claim) for key, line in catalogue().items() for claim in line.claims]


def verdicts(told: dict[str, Any], entries: list[Measured]) -> list[Verdict]:
    """Every claim of the lecture, in the order of the lineage.

    `told`: what `verdicts_read` tells; `entries`: the checkpoints as a story measured them.
    """
    every = claims() + [("", claim) for claim in WHOLE]
    tested = [_tested(about, claim, told.get("comparisons", {})) for about, claim in every]
    return [*tested, cost(), corners(entries), field(entries)]


def _tested(about: str, claim: Claim, comparisons: dict[str, Any]) -> Verdict:
    compared = tuple(_compared(name, comparisons.get(name)) for name in claim.comparisons)
    verdict = Verdict(about, gettext(claim.says), compared)
    # Until the plan has come to it, one pair of trainings elsewhere is better than nothing.
    pair = next((pair for name in claim.comparisons if (pair := pairs_read().get(name))), None)
    return verdict if verdict.measured or pair is None else _pair(verdict, pair)


def _pair(verdict: Verdict, pair: dict[str, Any]) -> Verdict:
    measure, (first, second) = BY_NAME[pair["measure"]], pair["values"]
    effect = Effect(measure.title, "single", signed(first - second))
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
        interval = f"[{signed(told['low'])}, {signed(told['high'])}]"
    state = "single" if told["seeds"] == 1 else told["verdict"]
    return Effect(measure.title, state, signed(told["difference"]), interval)

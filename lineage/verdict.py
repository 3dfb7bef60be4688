"""What became of a claim: effects of what was compared, written for reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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


def signed(difference: float) -> str:
    """A difference of two fractions in points of percent."""
    return f"{100 * difference:+.1f}".replace("-", "−")

"""A plan of ablations: arms that differ in one part, seeds, and what is compared. Torch-free.

A JSON object (docs/ablate.md explains it by example):

- `settings`: those of `TrainConfig` that all arms share, `data` among them;
- `test`: the data set and split that the trained arms are scored on;
- `seeds`: how many, from 0 on;
- `arms`: by name, what of the settings is an arm's own. `after` begins with another arm's weights
  of the same seed; `members` makes the mean of other arms' probabilities, which trains nothing;
- `comparisons`: by name, an `arm` `against` another, and the `measure` that the verdict is of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models_zoo.ablations.results import MEASURES
from models_zoo.training.config import START_FILE, TrainConfig

_KEYS = ("title", "settings", "test", "seeds", "arms", "comparisons")
MOST_SEEDS = 100


@dataclass(frozen=True)
class Arm:
    """One network of a plan. `config` is None for the mean of `members`.

    `after`: the arm whose weights it begins with.
    """

    name: str
    config: TrainConfig | None
    after: str = ""
    members: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The arms whose weights it takes."""
        return self.members or ((self.after,) if self.after else ())

    def seeded(self, seed: int) -> TrainConfig:
        """What it trains with `seed`: all its passes as one epoch.

        A run keeps the weights of its best epoch; of one epoch, those are the last. Chosen by val
        they would be lucky ones, and differ between arms by more than the part that was changed.
        """
        if self.config is None:
            raise ValueError(f"{self.name} is a mean, which trains nothing.")
        passes = self.config.epochs * self.config.passes
        return replace(self.config, seed=seed, epochs=1, passes=passes, patience=0, probes=0)

    def recipe(self) -> dict[str, Any]:
        """What its results depend on, but for seed and data, as JSON."""
        if self.config is None:
            return {"members": list(self.members)}
        told = self.seeded(0).to_json()
        return {n: v for n, v in told.items() if n not in _NO_RECIPE} | {"after": self.after}


# Where things lie and how many processes read them; the split's hash says which data they are.
_NO_RECIPE = ("seed", "data", "pseudo", "teacher", "start", "workers", "probes")


@dataclass(frozen=True)
class Comparison:
    """`arm` is held against `against` in `measure`; `differs` is the setting that was changed."""

    name: str
    arm: str
    against: str
    measure: str
    differs: str


@dataclass(frozen=True)
class Plan:
    """A whole plan. `path` is its file; `seeds` how many seeds each arm has."""

    path: Path
    title: str
    data: str
    test: str
    split: str
    seeds: int
    arms: Mapping[str, Arm]
    comparisons: Mapping[str, Comparison]

    @property
    def results(self) -> Path:
        """The folder beside the plan in which finished results are kept with it."""
        return self.path.with_suffix("")

    @property
    def pairs(self) -> list[tuple[Arm, int]]:
        """Every arm × seed: first seeds of all arms first, and what an arm needs before it."""
        return [(arm, seed) for seed in range(self.seeds) for arm in self.arms.values()]

    def on(self, data: str, test: str, split: str) -> Plan:
        """The same plan on another data set."""
        arms = {
            name: replace(arm, config=arm.config and replace(arm.config, data=data))
            for name, arm in self.arms.items()
        }
        return replace(self, data=data, test=test, split=split, arms=arms)


def plan_read(path: Path) -> Plan:
    """The plan in the file `path`. ValueError with a sentence that says what to mend."""
    try:
        told = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}.") from error
    try:
        return _plan(path, told)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _plan(path: Path, told: Any) -> Plan:
    told = _object(told, "The plan")
    if unknown := sorted(told.keys() - set(_KEYS)):
        raise ValueError(f"Unknown: {', '.join(unknown)}. A plan has {', '.join(_KEYS)}.")
    if lacking := [key for key in _KEYS[1:] if key not in told]:
        raise ValueError(f"The plan lacks its {' and '.join(lacking)}.")
    seeds = told["seeds"]
    if type(seeds) is not int or not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"seeds must be a whole number from 1 to {MOST_SEEDS}, not {seeds}.")
    settings = _object(told["settings"], "settings")
    arms: dict[str, Arm] = {}
    for name, own in _object(told["arms"], "arms").items():
        arms[name] = _arm(name, _object(own, f"The arm {name}"), settings, arms)
    test = _object(told["test"], "test")
    if not isinstance(test.get("data"), str):
        raise ValueError('test says which data are scored, as in {"data": "scenes"}.')
    compared = {
        name: _comparison(name, _object(one, f"The comparison {name}"), arms)
        for name, one in _object(told["comparisons"], "comparisons").items()
    }
    return Plan(
        path=path,
        title=str(told.get("title", path.stem)),
        data=str(settings.get("data", "")),
        test=test["data"],
        split=str(test.get("split", "test")),
        seeds=seeds,
        arms=arms,
        comparisons=compared,
    )


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object.")
    return value


def _arm(name: str, own: dict[str, Any], settings: dict[str, Any], before: dict[str, Arm]) -> Arm:
    # It names files, here and in the folder that is committed.
    if not name.isascii() or not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"An arm's name has letters, digits, - and _ alone, not {name!r}.")
    own = dict(own)
    after, members = own.pop("after", ""), own.pop("members", [])
    if not isinstance(after, str) or not isinstance(members, list):
        raise ValueError(f"The arm {name}: after is an arm's name, members a list of them.")
    for needed in [*members, *([after] if after else [])]:
        if needed not in before or before[needed].config is None:
            raise ValueError(f"The arm {name} needs {needed!r}, which must be trained before it.")
    if members:
        if own or after or len(members) < 2:
            raise ValueError(f"The arm {name} is a mean of two or more members and nothing else.")
        return Arm(name, None, members=tuple(members))
    try:
        start = {"start": START_FILE} if after else {}
        config = TrainConfig.from_json({**settings, **own, **start})
    except ValueError as error:
        raise ValueError(f"The arm {name}: {error}") from error
    return Arm(name, config, after=after)


def _comparison(name: str, told: dict[str, Any], arms: dict[str, Arm]) -> Comparison:
    if told.keys() != {"arm", "against", "measure"}:
        raise ValueError(f"The comparison {name} has an arm, what it is against, and a measure.")
    for side in ("arm", "against"):
        if told[side] not in arms:
            raise ValueError(f"The comparison {name}: there is no arm {told[side]!r}.")
    if told["measure"] not in MEASURES:
        known = ", ".join(MEASURES)
        raise ValueError(f"The comparison {name}: its measure must be one of {known}.")
    arm, against = arms[told["arm"]], arms[told["against"]]
    differs = _differing(arm, against)
    if len(differs) != 1:
        what = ", ".join(differs) or "nothing"
        raise ValueError(
            f"The comparison {name}: {arm.name} and {against.name} differ in {what}. Change one "
            "setting alone, or nobody can tell what made the difference."
        )
    return Comparison(name, arm.name, against.name, str(told["measure"]), differs[0])


def _differing(one: Arm, other: Arm) -> list[str]:
    """The settings in which two arms differ; of an architecture's options each by itself."""
    if one.members or other.members:
        # A mean against its members: what differs is that there are several.
        return ["members"]
    first, second = _flat(one), _flat(other)
    return sorted(n for n in first.keys() | second.keys() if first.get(n) != second.get(n))


def _flat(arm: Arm) -> dict[str, Any]:
    told = arm.recipe()
    return told | {f"options.{name}": value for name, value in told.pop("options").items()}

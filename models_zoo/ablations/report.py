"""What a plan has brought so far: the results that are there, and what they say. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.ablations.plan import Comparison, Plan
from models_zoo.ablations.results import TRUTH, Counts, Truth, measures
from models_zoo.ablations.statistics import Effect, blocks_drawn, effect
from models_zoo.training.config import TrainConfig

Pair = tuple[str, int]  # an arm's name and a seed


def pair_name(pair: Pair) -> str:
    """What files and folders of an arm × seed are called."""
    return f"{pair[0]}-{pair[1]}"


def place(specification: str) -> str:
    """A data set without the folder of this machine; scenes whole, which have none."""
    kind = specification.partition(":")[0]
    return specification if kind == "scenes" else kind


DEFAULTS = TrainConfig("", "").to_json()


@cache
def _drawn(truth: Truth) -> np.ndarray:
    """The resamples, of the same images for all arms."""
    return blocks_drawn(truth.blocks)


class Results:
    """The results of `plan` in some folders, of which the first that has a file gives it.

    What belongs to another plan, other data or other images is as good as not there.
    `hashes`: those of the splits that are trained and scored on, where they are known.
    """

    def __init__(self, plan: Plan, *folders: Path, hashes: tuple[str, str] | None = None) -> None:
        self.plan, self.folders, self.hashes = plan, folders, hashes
        self._counts: dict[Pair, Counts] = {}

    @cached_property
    def truth(self) -> Truth | None:
        """What the scored images hold; None before the first arm is done."""
        for folder in self.folders:
            if (folder / TRUTH).is_file():
                truth = Truth.read(folder / TRUTH)
                if self.hashes is None or truth.about["split_hash"] == self.hashes[1]:
                    return truth
        return None

    def counts(self, pair: Pair) -> Counts | None:
        """How an arm with a seed did; None where that is not known."""
        if pair not in self._counts:
            for folder in self.folders:
                path = folder / f"{pair_name(pair)}.npz"
                if path.is_file() and self._fits(pair, counts := Counts.read(path)):
                    self._counts[pair] = counts
                    break
        return self._counts.get(pair)

    def _fits(self, pair: Pair, counts: Counts) -> bool:
        about, truth = dict(counts.about), self.truth
        # A setting made since had its default, which is what was done before there was it.
        about["recipes"] = {n: DEFAULTS | told for n, told in about["recipes"].items()}
        wanted = {**self.about(pair[0]), "seed": pair[1]}
        wanted["recipes"] = {n: DEFAULTS | told for n, told in wanted["recipes"].items()}
        same = all(about.get(name) == value for name, value in wanted.items())
        trained = self.hashes is None or about["train_hash"] == self.hashes[0]
        scored = truth is not None and about["split_hash"] == truth.about["split_hash"]
        return same and trained and scored

    def about(self, arm: str) -> dict[str, Any]:
        """What results say of the plan that they come from."""
        plan = self.plan
        recipes = {name: plan.arms[name].recipe() for name in (arm, *plan.arms[arm].needs)}
        places = {"data": place(plan.data), "test": [place(plan.test), plan.split]}
        return {"arm": arm, "recipes": recipes, **places}

    def pairs(self, compared: Comparison) -> list[tuple[Counts, Counts]]:
        """The results of both arms, by seed, where both are known."""
        both = [
            (self.counts((compared.arm, seed)), self.counts((compared.against, seed)))
            for seed in range(self.plan.seeds)
        ]
        return [(one, other) for one, other in both if one is not None and other is not None]

    def effects(self, compared: Comparison) -> Mapping[str, Effect]:
        """By measure; empty where there is no seed with both arms."""
        pairs = self.pairs(compared)
        if not pairs or self.truth is None:
            return {}
        drawn = _drawn(self.truth)
        known = {name: effect(pairs, self.truth, name, drawn) for name in measures(self.truth)}
        return {name: found for name, found in known.items() if found is not None}

    def to_json(self) -> dict[str, Any]:
        """All that follows, ready for JSON: what pages show and `ablate --json` prints."""
        plan, truth = self.plan, self.truth
        every = [(arm.name, seed) for arm, seed in plan.pairs]
        return {
            "title": plan.title,
            "data": place(plan.data),
            "test": place(plan.test),
            "split": plan.split,
            "images": truth.about["images"] if truth else 0,
            "seeds": plan.seeds,
            "done": sum(self.counts(pair) is not None for pair in every),
            "of": len(every),
            "comparisons": {
                one.name: {
                    "arm": one.arm,
                    "against": one.against,
                    "differs": one.differs,
                    "measure": one.measure,
                    "effects": {n: found.to_json() for n, found in self.effects(one).items()},
                    "picture": self._picture(one),
                }
                for one in plan.comparisons.values()
            },
            "arms": {name: self._arm(name) for name in plan.arms},
        }

    def _arm(self, name: str) -> dict[str, Any]:
        """An arm's mIoU and receptive field with each seed that is known, and what it costs."""
        known = [c for s in range(self.plan.seeds) if (c := self.counts((name, s))) is not None]
        told: dict[str, Any] = {"miou": [], "fields": []}
        if self.truth is None:
            return told
        every = np.ones((1, len(self.truth.truth)))
        told["miou"] = [float(c.score("miou", self.truth, every)[0].round(4)) for c in known]
        told["fields"] = [c.about["field"] for c in known if "field" in c.about]
        return told | {n: c.about[n] for c in known[:1] for n in ("parameters", "gmacs")}

    def _picture(self, compared: Comparison) -> dict[str, Any] | None:
        """The image that tells most, with what both arms score on it; None before it is written."""
        both = [self.counts((name, 0)) for name in (compared.arm, compared.against)]
        for folder in self.folders:
            for path in folder.glob(f"{compared.name}.*.image.webp"):
                index = int(path.name.split(".")[-3])
                return {"index": index, "miou": [self._miou_of(counts, index) for counts in both]}
        return None

    def _miou_of(self, counts: Counts | None, index: int) -> float | None:
        if counts is None or self.truth is None:
            return None
        alone = np.zeros((1, len(self.truth.truth)))
        alone[0, index] = 1
        return float(counts.score("miou", self.truth, alone)[0].round(4))

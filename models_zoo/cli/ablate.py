"""ablate: a plan of arms × seeds, one part changed inside one network, with its verdicts."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from models_zoo.ablations import COSTS, VERDICTS
from models_zoo.ablations.plan import plan_read
from models_zoo.files import write_atomically
from models_zoo.training.record.failures import (
    FAILED_CODE,
    Failure,
    Kind,
    Stopped,
    TrainingFailed,
)

HELP = "Change one part of a network, over several seeds, and tell what difference it makes."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("plan", type=Path, help="a JSON file: see docs/ablate.md")
    parser.add_argument(
        "--out", type=Path, help="runs and results; var/ablations/<plan> unless given"
    )
    parser.add_argument(
        "--jobs", type=int, default=2, help="trainings at once, one thread each; 0 only tells"
    )
    parser.add_argument("--data", help="another data set than the plan's, such as camvid:PATH")
    parser.add_argument(
        "--costs",
        nargs=2,
        metavar="KEY",
        help="instead: time, memory and multiply-adds of two networks as their papers have them",
    )
    parser.add_argument("--split", default="test", help="what of --data is scored; test")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Carries the plan out, as far as it is not, and tells what came of it."""
    from models_zoo.ablations.runner import ablate, results_of

    if options.jobs < 0:
        raise ValueError(f"--jobs must be 0 or more, not {options.jobs}.")
    plan = plan_read(options.plan)
    out = options.out or Path("var/ablations") / options.plan.stem
    if options.costs:
        arm, against = options.costs
        return _costs(arm, against, out)
    if options.data:
        plan = plan.on(options.data, options.data, options.split)
    failed: dict[str, str] = {}
    if options.jobs:
        # Hours of training give way to what else this machine does.
        os.nice(19)
        try:
            failed = ablate(plan, out, jobs=options.jobs, say=partial(print, flush=True))
        except Stopped:
            print("Stopped; the same command goes on.")
            return {"stopped": True}
    results = results_of(plan, out)
    told = results.to_json()
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / VERDICTS, json.dumps(told, separators=(",", ":")).encode() + b"\n")
    print(f"{told['done']} of {told['of']} done. Differences in what each verdict is of:")
    for name, one in told["comparisons"].items():
        print(f"{name:24} {one['measure']:14} {_words(one['effects'].get(one['measure']))}")
    if failed:
        sentence = f"{len(failed)} failed: {', '.join(failed)}. {next(iter(failed.values()))}"
        raise TrainingFailed(Failure(Kind.UNFORESEEN, sentence, FAILED_CODE))
    return told


def _costs(arm: str, against: str, out: Path) -> dict[str, Any]:
    from models_zoo.ablations.costs import cost_compare

    told = cost_compare(arm, against)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / COSTS, json.dumps(told).encode() + b"\n")
    for name in ("gmacs", "memory", "milliseconds"):
        first, second = told[name]["values"]
        print(f"{name:14} {first} / {second}: {told[name]['ratio']}")
    return told


WORDS = {
    "holds": "holds",
    "contrary": "the contrary holds",
    "same": "no difference",
    "unclear": "cannot tell",
}


def _words(effect: dict[str, Any] | None) -> str:
    if effect is None:
        return "not measured yet"
    text = f"{effect['difference']:+.4f}"
    if effect["low"] is not None:
        text += f" [{effect['low']:+.4f}, {effect['high']:+.4f}]"
    seeds = "1 seed" if effect["seeds"] == 1 else f"{effect['seeds']} seeds"
    return f"{text}  {seeds}: {WORDS[effect['verdict']]}"

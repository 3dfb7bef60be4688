"""Carrying out a plan: arm by seed in processes of one thread each, which can be killed any time.

A run's folder is an ordinary one, OUT/runs/<arm>-<seed>; its results are OUT/<arm>-<seed>.npz. What
has results, there or in the folder beside the plan, is not trained again.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from models_zoo.ablations.plan import Plan
from models_zoo.ablations.report import Pair, Results, pair_name
from models_zoo.ablations.results import TRUTH, Truth
from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data import open_dataset
from models_zoo.training.record.failures import Stopped, TrainingFailed, sentence_of


def ablate(plan: Plan, out: Path, *, jobs: int, say: Callable[[str], object]) -> dict[str, str]:
    """Trains and scores what of the plan has no results yet, `jobs` at once.

    Returns what failed: names with their sentences. Stopped after SIGTERM or Ctrl-C, when the runs
    have saved their states: the next call goes on. ValueError for data that do not fit.
    """
    out.mkdir(parents=True, exist_ok=True)
    left = wanted(plan, out)
    say(f"{plan.title}: {len(left)} of {len(plan.pairs)} to do.")
    failed: dict[str, str] = {}
    running: dict[Future[None], Pair] = {}
    # Spawned: torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_one_thread) as pool, _stopping():
        while left or running:
            for pair in [pair for pair in left if _ready(plan, out, pair)][: jobs - len(running)]:
                left.remove(pair)
                running[pool.submit(carry_out, plan, out, pair)] = pair
                say(f"{pair_name(pair)}: begun")
            if not running:
                failed |= dict.fromkeys(map(pair_name, left), "An arm that it needs has failed.")
                break
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                pair = running.pop(done)
                try:
                    done.result()
                except BrokenProcessPool as error:
                    sentence = "A process of the plan was killed. The same command goes on."
                    raise ValueError(sentence) from error
                except (TrainingFailed, ValueError, OSError) as fault:
                    failed[pair_name(pair)] = sentence_of(fault)
                say(f"{pair_name(pair)}: {failed.get(pair_name(pair), 'done')}")
    return failed


def results_of(plan: Plan, out: Path) -> Results:
    """The results in `out` and beside the plan, of the data as it is. ValueError without data."""
    splits = open_dataset(plan.data, "train"), open_dataset(plan.test, plan.split)
    return Results(plan, out, plan.results, hashes=(splits[0].split_hash, splits[1].split_hash))


def wanted(plan: Plan, out: Path) -> list[Pair]:
    """What has no results, and what has but is needed with its weights, in the plan's order."""
    results = results_of(plan, out)
    every = [(arm.name, seed) for arm, seed in plan.pairs]
    wanted = {pair for pair in every if results.counts(pair) is None}
    for name, seed in list(wanted):
        needs = [(needed, seed) for needed in plan.arms[name].needs]
        wanted |= {pair for pair in needs if not _trained(out, pair)}
    return [pair for pair in every if pair in wanted]


def _ready(plan: Plan, out: Path, pair: Pair) -> bool:
    return all(_trained(out, (needed, pair[1])) for needed in plan.arms[pair[0]].needs)


def _folder(out: Path, pair: Pair) -> Path:
    return out / "runs" / pair_name(pair)


def _trained(out: Path, pair: Pair) -> bool:
    # The sidecar is written when a run ends.
    return (_folder(out, pair) / "best.json").is_file()


def _checkpoint(out: Path, pair: Pair) -> CheckpointFiles:
    return resolve(str(_folder(out, pair) / "best.safetensors"))


@contextmanager
def _stopping() -> Iterator[None]:
    """SIGTERM and Ctrl-C are passed on to the processes, whose runs save their states and end."""

    def stop(*_: Any) -> None:
        for child in multiprocessing.active_children():
            child.terminate()
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _one_thread() -> None:
    import torch

    # Two trainings of one thread each: one of two takes 1.3 to 1.8 times the time of a processor.
    torch.set_num_threads(1)


def carry_out(plan: Plan, out: Path, pair: Pair) -> None:
    """One arm × seed: its training, unless it is done, then its results and their pictures."""
    from models_zoo.ablations.scoring import field, predictor, score

    name, seed = pair
    arm, results = plan.arms[name], results_of(plan, out)
    if arm.config is not None:
        _train(plan, out, pair)
    if results.counts(pair) is not None:
        return  # its weights alone were wanted
    members = [_checkpoint(out, (member, seed)) for member in arm.members or (name,)]
    about = results.about(name) | {
        "seed": seed,
        "train_hash": members[0].sidecar["dataset"]["split_hash"],
        "sha256": [member.sidecar["sha256"] for member in members],
        "parameters": sum(member.sidecar["parameters"] for member in members),
        "gmacs": round(sum(member.sidecar["gmacs"] for member in members), 3),
    }
    if len(members) == 1:
        about["field"] = field(members[0], plan.test, plan.split)
    truth, counts = score(predictor(members), plan.test, plan.split, about)
    known = results.truth
    if known is None:
        truth.write(out / TRUTH)
    elif not _equal(known, truth):
        raise ValueError(f"{TRUTH} is of other images than {plan.test}, {plan.split}.")
    counts.write(out / f"{pair_name(pair)}.npz")
    if seed == 0:
        _show(plan, out, name)


def _train(plan: Plan, out: Path, pair: Pair) -> None:
    from models_zoo.training.record.state import state_files
    from models_zoo.training.run import train

    (name, seed), folder = pair, _folder(out, pair)
    if not _trained(out, pair):
        arm = plan.arms[name]
        config = arm.seeded(seed)
        if arm.after:
            start = _checkpoint(out, (arm.after, seed)).weights_path
            config = replace(config, start=str(start))
        train(config, folder, resume=True)
    # Of no more use, and ten times the weights.
    for state in state_files(folder):
        state.unlink()


def _equal(one: Truth, other: Truth) -> bool:
    return bool((one.truth == other.truth).all() and (one.failures == other.failures).all())


def _show(plan: Plan, out: Path, arm: str) -> None:
    """The telling pictures of what `arm` is compared with, once both sides are there."""
    from models_zoo.ablations.pictures import pictures_write, telling_image
    from models_zoo.ablations.scoring import predictor

    results = results_of(plan, out)
    for one in plan.comparisons.values():
        sides = {"arm": (one.arm, 0), "against": (one.against, 0)}
        found = [results.counts(pair) for pair in sides.values()]
        members = {
            side: [(member, 0) for member in plan.arms[name].members or (name,)]
            for side, (name, _) in sides.items()
        }
        there = all(_trained(out, pair) for pairs in members.values() for pair in pairs)
        first, second, truth = *found, results.truth
        if arm not in (one.arm, one.against) or not there:
            continue
        if first is None or second is None or truth is None:
            continue
        predict = {
            side: predictor([_checkpoint(out, pair) for pair in pairs])
            for side, pairs in members.items()
        }
        index = telling_image(first, second, truth)
        pictures_write(out, one.name, index, data=plan.test, split=plan.split, sides=predict)

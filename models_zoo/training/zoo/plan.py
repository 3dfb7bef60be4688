"""The shipped zoo: which networks are trained on which data, and the training of them.

`zoo_train` is what `make train-zoo` runs. It trains what is missing or was trained by another
recipe, in the plan's order, one after the other, and puts each result where it is shipped from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models_zoo.checkpoints.history import SUFFIX, history_read
from models_zoo.checkpoints.shipped import FOLDER, sidecar_read
from models_zoo.networks.catalogue import catalogue, leaders
from models_zoo.training.config import TEACHER_FILE, TrainConfig
from models_zoo.training.record.failures import TrainingFailed, sentence_of
from models_zoo.training.zoo.history import history_write
from models_zoo.training.zoo.recipes import TEACHER, on_camvid, on_scenes, widened

SHIPPED_BYTES = 5_000_000  # of larger weights only the history is shipped


@dataclass(frozen=True)
class Item:
    """One network of the zoo: its recipe and where it is shipped."""

    dataset: str
    config: TrainConfig

    @property
    def name(self) -> str:
        """The file name that the shipped files share."""
        return f"{self.config.architecture}-{self.config.variant}"

    def shipped_at(self, folder: Path) -> Path:
        """The weights file inside the folder of shipped weights."""
        return folder / self.dataset / f"{self.name}.safetensors"

    @property
    def command(self) -> str:
        """The command line that trains it, which names its recipe."""
        from models_zoo.training.record.sidecar import command

        return command(self.config)

    def run_folder(self, runs: Path) -> Path:
        """Where this recipe trains; a changed recipe begins anew in another folder."""
        recipe = hashlib.sha256(self.command.encode()).hexdigest()[:8]
        return runs / self.dataset / f"{self.name}-{recipe}"

    def is_current(self, folder: Path) -> bool:
        """Whether this very recipe's history is shipped, with its weights if they are not large."""
        weights = self.shipped_at(folder)
        history = weights.with_suffix(SUFFIX)
        if not history.is_file():
            return False
        about = history_read(history).about
        small = about.get("bytes", 0) <= SHIPPED_BYTES
        there = weights.is_file() and weights.with_suffix(".json").is_file()
        # The command line names the recipe: what it no longer matches is trained anew.
        return about["command"] == self.command and (there or not small)


def plan(*, camvid: str = "", full: bool = False) -> list[Item]:
    """Every network of the zoo in the order of training; CamVid's only where its folder is given.

    First those with a turn, on CamVid and then on scenes, so that the whole story is there before
    its variations; then the others likewise; with `full`, the same again as their papers have them,
    on pretrained backbones.
    """
    first = leaders()
    later = [key for key in catalogue() if key not in first]
    slim = []
    for keys in (first, later):
        if camvid:
            slim += [Item("camvid", on_camvid(key, camvid)) for key in keys]
        slim += [Item("scenes", on_scenes(key)) for key in keys]
    return slim + [Item(item.dataset, widened(item.config)) for item in slim if full]


def zoo_train(
    items: list[Item], *, runs: Path, say: Callable[[str], object], folder: Path = FOLDER
) -> dict[str, str]:
    """Trains what is not current and ships it into `folder`; tells each step by `say`.

    Returns what failed: checkpoint names with their sentences. Stopped (with the state saved) after
    SIGTERM or Ctrl-C: the next call goes on where this one was.
    """
    from models_zoo.training.run import train

    failed = {}
    for number, item in enumerate(items, start=1):
        label = f"[{number}/{len(items)}] {item.dataset} {item.name}"
        if item.is_current(folder):
            say(f"{label}: shipped already")
            continue
        say(f"{label}: {item.config.epochs} epochs")
        out = item.run_folder(runs)
        try:
            sidecar = train(_with_teacher(item, runs, say), out, resume=True)
            whole = ship(out, item.shipped_at(folder), data=item.config.data)
        # One after the other in one process: a failure ends its own training alone.
        except (TrainingFailed, ValueError, OSError) as fault:
            failed[f"{item.dataset} {item.name}"] = sentence_of(fault)
            say(f"{label}: {sentence_of(fault)}")
            continue
        say(f"{label}: mIoU {sidecar['scores'][0]['miou']:.4f} on val")
        if not whole:
            say(f"Too large to ship. Measure it by: story --also {out}/*.safetensors")
    return failed


def _with_teacher(item: Item, runs: Path, say: Callable[[str], object]) -> TrainConfig:
    """The item's configuration with its teacher's file: trained first if need be, not shipped."""
    from models_zoo.training.loop import WEIGHTS_NAME
    from models_zoo.training.run import train

    if item.config.teacher != TEACHER_FILE:
        return item.config
    recipe = replace(on_camvid(TEACHER, ""), data=item.config.data)
    teacher = Item(item.dataset, recipe)
    weights = teacher.run_folder(runs) / WEIGHTS_NAME
    if not weights.with_suffix(".json").is_file():  # written when a run ends
        say(f"Its teacher, {teacher.name}: {recipe.epochs} epochs")
        train(recipe, weights.parent, resume=True)
    # Put in for the run alone: with a place in its recipe, no other checkout would know what is
    # current.
    return replace(item.config, teacher=str(weights))


def ship(run: Path, weights: Path, *, data: str) -> bool:
    """Puts a finished run's weights, sidecar and history where the zoo ships them from.

    `data` is where the data set lies: the weights are shipped in 8 bits, and scored as they are.
    False when the weights are above SHIPPED_BYTES: then it is only the history.
    """
    from models_zoo.training.loop import WEIGHTS_NAME
    from models_zoo.training.zoo.shrinking import shrunk

    weights.parent.mkdir(parents=True, exist_ok=True)
    best = run / WEIGHTS_NAME
    small = best.stat().st_size <= SHIPPED_BYTES
    sidecar = sidecar_read(best.with_suffix(".json"))
    if small:
        sidecar = shrunk(best, sidecar, weights, data=data)
    history_write(run, weights.with_suffix(SUFFIX), sidecar=sidecar)
    return small

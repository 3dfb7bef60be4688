"""Two trainings on one device, and one that is killed and goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image
from torch import multiprocessing

from models_zoo.data import open_dataset
from models_zoo.files import sha256_of
from models_zoo.gpu_check.agreement import Job, batch_made, network_made
from models_zoo.gpu_check.speed import timed
from models_zoo.precision import autocast, resolve
from models_zoo.training.loop import WEIGHTS_NAME
from models_zoo.training.objective import Objective
from models_zoo.training.record.events import events_read
from models_zoo.training.record.state import state_load

EPOCHS, PASSES = 4, 4
_IMAGES = {"train": 16, "val": 4}


def shared(key: str, job: Job, *, seconds: float) -> dict[str, Any]:
    """Images a second of one training alone and of two at once on the same device.

    Each is measured for about `seconds`. ValueError when one of the two processes fails.
    """
    # CUDA does not survive a fork.
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.SimpleQueue()
    processes = [
        context.Process(target=_train_in_turns, args=(first, key, job, seconds, barrier, answers))
        for first in (True, False)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise ValueError("Of two processes on the device one failed; its output says why.")
    told = [answers.get() for _ in processes]
    alone = next(entry["alone"] for entry in told if entry["alone"])
    both = sorted(entry["together"] for entry in told)
    return {"architecture": key, "alone": alone, "together": both}


def _train_in_turns(
    first: bool, key: str, job: Job, seconds: float, barrier: Any, answers: Any
) -> None:
    """The first of two processes alone, then both."""
    network, (image, mask) = network_made(key, job), batch_made(job)
    precision, objective = resolve("auto", job.device), Objective("cross_entropy", None)

    def work() -> None:
        with autocast(precision, job.device):
            logits = network(image)
        objective([(logits, 1.0)], mask).backward()
        network.zero_grad(set_to_none=True)

    # Kernels are chosen before anything counts, and neither begins before both are ready.
    timed(work, job.device, 0)
    barrier.wait()
    alone = _rate(timed(work, job.device, seconds), job) if first else None
    barrier.wait()
    answers.put({"alone": alone, "together": _rate(timed(work, job.device, seconds), job)})


def _rate(times: list[float], job: Job) -> float:
    return len(times) * job.batch / sum(times)


def resumed(key: str, folder: Path, *, precision: str = "auto") -> dict[str, Any]:
    """Whether equal runs end alike on this device, and one that was killed like one that was not.

    Three trainings on a few scenes run at once: two to the end, one killed after its first epoch
    and resumed. The differences are the largest of any weight at the end. ValueError when one ends
    otherwise than it should.
    """
    data = _few_scenes(folder / "scenes")
    words = [sys.executable, "-m", "models_zoo", "train", "--arch", key, "--data", data]
    words += ["--epochs", str(EPOCHS)]
    for setting in ("batch=4", f"passes={PASSES}", "crop=96,128", f"precision={precision}"):
        words += ["--set", setting]
    names = ("whole", "again", "killed")
    commands = {name: [*words, "--out", str(folder / name)] for name in names}
    processes = {
        name: subprocess.Popen(words, stdout=subprocess.DEVNULL) for name, words in commands.items()
    }
    while processes["killed"].poll() is None:
        if any(event["event"] == "epoch" for event in events_read(folder / "killed")):
            processes["killed"].kill()
        time.sleep(0.02)
    resume = subprocess.run([*commands["killed"], "--resume"], stdout=subprocess.DEVNULL)
    codes = [resume.returncode, *(processes[name].wait() for name in ("whole", "again"))]
    if any(codes):
        raise ValueError(f"Trainings of the resumption check ended with {codes}.")
    whole, again, killed = (_ended(folder / name) for name in names)
    return {
        "architecture": key,
        "killed": processes["killed"].returncode < 0,
        "repeatable": whole == again,
        "resumed_alike": whole == killed,
        "resumed_difference": _difference(folder / "whole", folder / "killed"),
        "repeated_difference": _difference(folder / "whole", folder / "again"),
    }


def _few_scenes(root: Path) -> str:
    for split, count in _IMAGES.items():
        scenes = open_dataset("scenes", split)
        for kind in ("images", "masks"):
            (root / split / kind).mkdir(parents=True)
        for index in range(count):
            image, mask = scenes.load(index)
            name = f"{split}{index:02d}.png"
            Image.fromarray(image).save(root / split / "images" / name)
            Image.fromarray(mask).save(root / split / "masks" / name)
        described = {"classes": scenes.classes, "input_size": list(scenes.input_size)}
        (root / "classes.json").write_text(json.dumps(described), encoding="utf-8")
    return f"folder:{root}"


def _ended(out: Path) -> tuple[str, list[Any]]:
    """The hash of a run's best weights, and what its epochs measured."""
    epochs = [
        (event["epoch"], event["loss"], event["val_loss"], event["confusion"])
        for event in events_read(out)
        if event["event"] == "epoch"
    ]
    return sha256_of(out / WEIGHTS_NAME), epochs


def _difference(one: Path, other: Path) -> float:
    states = [state_load(folder) for folder in (one, other)]
    ours, theirs = (state["network"] for state in states if state is not None)
    return max(float((ours[name].double() - theirs[name].double()).abs().max()) for name in ours)

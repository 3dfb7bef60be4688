"""One training run from its configuration to a checkpoint with sidecar, with its events."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from models_zoo.catalogue import build
from models_zoo.data import open_dataset
from models_zoo.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.engine import Engine
from models_zoo.training.checkpoints import sidecar_save
from models_zoo.training.config import TrainConfig
from models_zoo.training.events import EventLog
from models_zoo.training.loop import WEIGHTS_NAME, Stopped, Trainer
from models_zoo.training.validation import evaluate


def train(config: TrainConfig, out: Path, *, resume: bool = False) -> dict[str, Any]:
    """Trains, writes `out`/best.safetensors with its sidecar, and returns the sidecar.

    Raises Stopped after SIGTERM (the state is saved), ValueError for input that does not fit.
    Every other failure is written as an event first.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume and any(out.glob("state-*.pt")):
        raise ValueError(f"{out} holds a run already: give --resume or another folder.")
    events = EventLog(out)
    try:
        trainer = Trainer(config, out)
        resumed = trainer.resume() if resume else False
        events.write("start", config=config.as_dict(), resumed=resumed, epoch=trainer.epoch)
        trainer.run(events)
        sidecar = _finish(trainer)
        events.write("end", key=sidecar["key"], miou=sidecar["scores"][0]["miou"])
        return sidecar
    except Stopped:
        events.write("stopped", epoch=trainer.epoch, step=trainer.step)
        raise
    except Exception as error:
        events.write("failure", message=str(error), kind=type(error).__name__)
        raise


def _finish(trainer: Trainer) -> dict[str, Any]:
    """Scores the written best weights in fp32 and writes their sidecar."""
    config, dataset = trainer.config, trainer.val_set
    weights = trainer.out / WEIGHTS_NAME
    sidecar = {
        "format": 1,
        "key": f"{dataset.slug}-{config.arch}-{config.variant}",
        "architecture": config.arch,
        "variant": config.variant,
        "options": {},
        "classes": dataset.classes,
        "ignore_index": dataset.ignore_index,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "input_size": dataset.input_size,
        "dataset": {**dataset.passport, "split_hash": trainer.train_set.split_hash},
        "parameters": sum(p.numel() for p in trainer.network.parameters()),
        "gmacs": _gmacs(config, dataset),
        "training": {**config.as_dict(), "best_epoch": trainer.best["epoch"]},
        "command": command(config),
        "sha256": trainer.best["sha256"],
        "bytes": weights.stat().st_size,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    engine = Engine(0, precision="fp32")
    sidecar["scores"] = [evaluate(engine, weights, sidecar, dataset)]
    sidecar_save(weights, sidecar)
    return sidecar


def _gmacs(config: TrainConfig, dataset) -> float:
    """Multiply-adds of one image of the data set's input size, in 10⁹."""
    with torch.device("meta"):
        network = build(
            config.arch, variant=config.variant, num_classes=len(dataset.classes)
        ).eval()
        counter = FlopCounterMode(display=False)
        with counter, torch.inference_mode():
            network(torch.empty(1, 3, *dataset.input_size))
    return round(counter.get_total_flops() / 2 / 1e9, 3)


def command(config: TrainConfig) -> str:
    """The command line that repeats the run; the data's folder is left for the reader to fill."""
    kind, separator, _ = config.data.partition(":")
    words = ["python", "-m", "models_zoo", "train", "--arch", config.arch]
    words += ["--variant", config.variant, "--data", f"{kind}:PATH" if separator else kind]
    words += ["--epochs", str(config.epochs), "--seed", str(config.seed)]
    defaults = TrainConfig(arch=config.arch, data=config.data).as_dict()
    for name, value in config.as_dict().items():
        if name in ("arch", "variant", "data", "epochs", "seed") or value == defaults[name]:
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += ["--set", f"{name}={text}"]
    return shlex.join(words)

"""A look at a run before it starts: its data audited, two real batches through its network."""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from models_zoo.data.audit import audit
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.training.inputs import Inputs, splits_open
from models_zoo.training.loop import Trainer
from models_zoo.training.record.events import EventLog
from models_zoo.training.run import trainer_build
from models_zoo.training.validation import predictions


def preflight(config: TrainConfig) -> dict[str, Any]:
    """What is wrong with the data and, unless that forbids it, what a batch costs on this device.

    findings: as in an audit; images by split; batch: None, or device, parameters, seconds,
    peak_bytes and the estimated `total_seconds` of the run. ValueError for a configuration that
    does not fit, MemoryError or torch's for a batch that does not.
    """
    splits = splits_open(config)
    audited = audit(splits)
    result = {
        "findings": audited.as_dict()["findings"],
        "images": {split: len(dataset) for split, dataset in splits.items()},
        "batch": None,
    }
    if not any(finding.blocking for finding in audited.findings):
        inputs = Inputs(splits["train"], splits["val"], splits.get("pseudo"), audited)
        with TemporaryDirectory() as folder:
            # Without workers: the peak is this process's, and images have to be in it.
            result["batch"] = _batch(dataclasses.replace(config, workers=0), inputs, Path(folder))
    return result


def _batch(config: TrainConfig, inputs: Inputs, folder: Path) -> dict[str, Any]:
    trainer = trainer_build(config, folder, inputs=inputs, group=Group(), events=EventLog(folder))
    step_seconds = _step_seconds(trainer, config)
    started = time.perf_counter()
    optimisation = trainer.optimisation
    next(predictions(optimisation.validated, inputs.val, [0], optimisation.precision))
    image_seconds = time.perf_counter() - started
    epoch_seconds = trainer.batches.steps * step_seconds + len(inputs.val) * image_seconds
    return {
        "device": optimisation.device,
        "parameters": sum(parameter.numel() for parameter in optimisation.network.parameters()),
        "seconds": step_seconds,
        "peak_bytes": _peak_bytes(optimisation.device),
        "total_seconds": config.epochs * epoch_seconds,
    }


def _step_seconds(trainer: Trainer, config: TrainConfig) -> float:
    """The time of a step, the quicker one of the first two: the first of all warms things up."""
    times, started = [], time.perf_counter()
    trainer.optimisation.network.train()
    for image, mask in trainer.loader:
        trainer.optimisation.step(image, mask, rate=config.lr / 100, stop=False)
        times.append(time.perf_counter() - started)
        if len(times) == 2:
            break
        started = time.perf_counter()
    return min(times)


def _peak_bytes(device: str) -> int:
    """The most memory that was in use: the device's, or this process's on a CPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS tells bytes, Linux KiB.
    return peak if sys.platform == "darwin" else peak * 1024

"""A look at a run before it starts: its data audited, two real batches through its network."""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from models_zoo.data.audit import audit
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.training.inputs import Inputs, splits_open
from models_zoo.training.record.events import EventLog
from models_zoo.training.run import trainer_build
from models_zoo.training.validation import predictions

IMAGES, BATCH = "images", "batch"  # what a look is at, in turn
Tell = Callable[[str, int, int], None]


def preflight(config: TrainConfig, *, tell: Tell = lambda *_: None) -> dict[str, Any]:
    """What is wrong with the data and, unless that forbids it, what a batch costs on this device.

    findings: as in an audit; images by split; input_size: height and width that images are brought
    to, None where the data forbid training; batch: None, or device, parameters, seconds, peak_bytes
    and the estimated `total_seconds` of the run. `tell` is called with how far it is: stage, step
    and steps. ValueError for a configuration that does not fit, MemoryError or torch's for a batch
    that does not.
    """
    splits = splits_open(config)
    # Each image is looked at twice: whether its mask fits, and whether it lies in two splits.
    steps, step = sum(len(dataset.audited) + len(dataset) for dataset in splits.values()), 0

    def looked() -> None:
        nonlocal step
        step += 1
        tell(IMAGES, min(step, steps), steps)

    audited = audit(splits, alive=looked)
    result: dict[str, Any] = {
        "findings": audited.as_dict()["findings"],
        "images": {split: len(dataset) for split, dataset in splits.items()},
        "input_size": None,
        "batch": None,
    }
    if any(finding.blocking for finding in audited.findings):
        return result
    tell(BATCH, 0, 0)
    result["input_size"] = list(splits["train"].input_size)
    inputs = Inputs(splits["train"], splits["val"], splits.get("pseudo"), audited)
    # Without workers: the peak is this process's, and images have to be in it.
    config = dataclasses.replace(config, workers=0)
    with TemporaryDirectory() as name:
        out = Path(name)
        trainer = trainer_build(config, out, inputs=inputs, group=Group(), events=EventLog(out))
        optimisation = trainer.optimisation
        optimisation.network.train()
        times, started = [], time.perf_counter()
        for image, mask in trainer.loader:
            optimisation.step(image, mask, rate=config.lr / 100, stop=False)
            times.append(time.perf_counter() - started)
            if len(times) == 2:
                break
            started = time.perf_counter()
        step_seconds = min(times)  # the first of all warms things up
        started = time.perf_counter()
        next(predictions(optimisation.validated, inputs.val, [0], optimisation.precision))
        image_seconds = time.perf_counter() - started
    if optimisation.device == "cuda":
        peak_bytes = torch.cuda.max_memory_allocated()
    else:  # this process's; macOS tells bytes, Linux KiB
        unit = 1 if sys.platform == "darwin" else 1024
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    epoch_seconds = trainer.batches.steps * step_seconds + len(inputs.val) * image_seconds
    parameters = sum(parameter.numel() for parameter in optimisation.network.parameters())
    result["batch"] = {
        "device": optimisation.device,
        "parameters": parameters,
        "seconds": step_seconds,
        "peak_bytes": peak_bytes,
        "total_seconds": config.epochs * epoch_seconds,
    }
    return result

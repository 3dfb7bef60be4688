"""What the care in training and counting is worth, each as a ratio measured in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models_zoo.data import open_dataset
from models_zoo.data.transforms import IGNORED
from models_zoo.metrics import confusion
from models_zoo.networks.build import build
from models_zoo.precision import device_name, resolve, to_train
from models_zoo.training.batches import Batches, batch_loader, training_items
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.training.objective import Objective
from models_zoo.training.optimisation import Optimisation

# Without class weights, which the plain loop has not.
CONFIG = TrainConfig(architecture="unet", data="scenes", crop=(192, 256), class_weights="none")
Step = Callable[[Tensor, Tensor], None]


def training_ratio(*, images: int = 48, rounds: int = 2) -> dict[str, Any]:
    """Images a second of this training and of a plain loop (eager fp32, default layout).

    Both train a slim U-Net on the same augmented scenes from the same loader, in turns.
    """
    dataset = open_dataset(CONFIG.data, "train")
    items = training_items([dataset], CONFIG)
    batches = Batches(
        images, labelled=images, extra=0, batch=CONFIG.batch, seed=CONFIG.seed, group=Group()
    )
    loader = batch_loader(items, batches, CONFIG.workers)
    device, classes = device_name(), len(dataset.classes)
    own, plain = (
        build(CONFIG.architecture, variant=CONFIG.variant, num_classes=classes).to(device)
        for _ in range(2)
    )
    optimisation = Optimisation(
        to_train(own, device),
        Objective(CONFIG.loss, None),
        CONFIG,
        precision=resolve(CONFIG.precision, device),
        device=device,
        group=Group(),
    )
    optimizer = torch.optim.AdamW(plain.parameters(), lr=CONFIG.lr)
    loss = nn.CrossEntropyLoss(ignore_index=IGNORED)

    def own_step(image: Tensor, mask: Tensor) -> None:
        optimisation.step(image, mask, rate=CONFIG.lr, stop=False)

    def plain_step(image: Tensor, mask: Tensor) -> None:
        optimizer.zero_grad()
        loss(plain(image.to(device)), mask.to(device)).backward()
        optimizer.step()

    steps = {"ours": own_step, "plain": plain_step}
    for step in steps.values():
        _timed(step, loader)  # scenes are drawn and kept, kernels chosen, memory allocated
    seconds = dict.fromkeys(steps, 0.0)
    # In turns, so that a load on the machine falls on both.
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name] += _timed(step, loader)
    rates = {name: rounds * batches.steps * CONFIG.batch / seconds[name] for name in steps}
    return {"ratio": rates["ours"] / rates["plain"], "images_per_second": rates}


def _timed(step: Step, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    started = time.perf_counter()
    for image, mask in loader:
        step(image, mask)
    return time.perf_counter() - started


def counting_ratio(*, side: int = 512, images: int = 16, rounds: int = 5) -> dict[str, Any]:
    """Seconds of torchmetrics' confusion counts over ours, 21 classes, the best of `rounds`.

    ValueError when torchmetrics is not installed: it is one of the tools for developers.
    """
    from models_zoo.torchvision_ops import torchvision  # noqa: F401  (torchmetrics imports it)

    try:
        from torchmetrics.functional.classification import multiclass_confusion_matrix
    except ImportError as error:
        raise ValueError("This needs torchmetrics: install requirements-dev.txt.") from error
    random = np.random.default_rng(0)
    truth, prediction = random.integers(0, 21, (2, images, side, side), np.uint8)
    guesses, truths = torch.from_numpy(prediction).long(), torch.from_numpy(truth).long()
    seconds = {
        "ours": _best(lambda: confusion(truth, prediction, 21), rounds),
        "torchmetrics": _best(lambda: multiclass_confusion_matrix(guesses, truths, 21), rounds),
    }
    return {"ratio": seconds["torchmetrics"] / seconds["ours"], "seconds": seconds}


def _best(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)

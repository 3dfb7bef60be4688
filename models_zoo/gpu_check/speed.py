"""Images a second and memory: these networks as they train and predict, beside plain PyTorch."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from models_zoo.gpu_check.agreement import Job, batch_made, network_made
from models_zoo.memory import PeakBytes
from models_zoo.precision import autocast, resolve
from models_zoo.torchvision_ops import torchvision
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.training.objective import Objective
from models_zoo.training.optimisation import Optimisation

TORCHVISION = ("fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large")
_RATE = 1e-5


def speeds(key: str, job: Job, *, seconds: float) -> dict[str, Any]:
    """Images a second of training and inference, ours and plain, and the most bytes of each.

    Ours: channels last, mixed precision, all that a run does in a step. Plain: the same network in
    eager fp32 and the default layout. Each figure is a median over about `seconds`.
    """
    image, mask = batch_made(job)
    network, precision = network_made(key, job), resolve("auto", job.device)
    optimisation = Optimisation(
        network,
        Objective("cross_entropy", None).to(job.device),
        TrainConfig(key, "scenes", variant=job.variant),
        precision=precision,
        device=job.device,
        group=Group(),
    )

    def step() -> None:
        optimisation.step(image, mask, rate=_RATE, stop=False)

    row = {"network": key, "precision": precision, **_named("train", job, step, seconds)}
    network.eval().zero_grad(set_to_none=True)
    row |= _named("predict", job, lambda: _forward(network, image, precision), seconds)
    plain = network_made(key, job)
    plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # no stub
    return row | _plain(plain, job, seconds)


def torchvision_speeds(name: str, job: Job, *, seconds: float) -> dict[str, Any]:
    """The plain figures of one of torchvision's own networks, untrained."""
    with torch.device(job.device):
        model = torchvision.models.get_model(name, weights=None, weights_backbone=None)
    return {"network": f"torchvision {name}", **_plain(_First(model.train()), job, seconds)}


class _First(nn.Module):
    """torchvision's networks return a dictionary; its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)["out"]
        return logits


def _plain(network: nn.Module, job: Job, seconds: float) -> dict[str, Any]:
    image, mask = batch_made(job)
    image, loss = image.contiguous(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE)

    def step() -> None:
        optimizer.zero_grad()
        loss(network(image), mask).backward()
        optimizer.step()

    row = _named("plain_train", job, step, seconds)
    network.eval().zero_grad(set_to_none=True)
    return row | _named("plain_predict", job, lambda: _forward(network, image, "fp32"), seconds)


def _forward(network: nn.Module, image: Tensor, precision: str) -> Tensor:
    with torch.inference_mode(), autocast(precision, image.device.type):
        classes: Tensor = network(image).argmax(dim=1)
        return classes


def _named(name: str, job: Job, work: Callable[[], object], seconds: float) -> dict[str, Any]:
    work()  # kernels are chosen, memory is taken
    peak = PeakBytes(job.device)
    with peak:
        work()
    times = timed(work, job.device, seconds)
    return {name: job.batch / median(times), f"{name}_bytes": peak.bytes}


def timed(work: Callable[[], object], device: str, seconds: float) -> list[float]:
    """The seconds of each call of `work` until about `seconds` are over, of three at least."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        started = time.perf_counter()
        work()
        if device == "cuda":
            # The call returns while the device still computes.
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return times

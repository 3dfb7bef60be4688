"""Every network of the catalogue forward and backward in half precision, against fp32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models_zoo.networks.build import build
from models_zoo.precision import autocast, to_train
from models_zoo.training.objective import Objective

PRECISIONS = ("fp16", "bf16")
CLASSES = 21
_FP16_SCALE = 1024.0  # as a GradScaler would: small gradients are no numbers of fp16


@dataclass(frozen=True)
class Job:
    """What is computed: batches of `batch` images of (height, width) by networks of `variant`."""

    device: str
    variant: str = "full"
    size: tuple[int, int] = (256, 320)
    batch: int = 8


def agreements(key: str, job: Job) -> list[dict[str, Any]]:
    """For each precision how far logits and gradients are from fp32's, as ‖x − fp32‖ / ‖fp32‖.

    None where values overflow. The network is as it was initialised, in training mode without
    dropout, so that batch normalisation keeps its activations where they are in a training.
    """
    network = network_made(key, job)
    for layer in network.modules():
        if isinstance(layer, nn.Dropout | nn.Dropout2d):
            layer.p = 0.0
        if isinstance(layer, nn.Conv2d) and not layer.weight.any():
            nn.init.kaiming_normal_(layer.weight)  # FCN's scores start at zero: nothing to compare
    image, mask = batch_made(job)
    wanted = _both(network, image, mask, "fp32")
    rows = []
    for precision in PRECISIONS:
        got = _both(network, image, mask, precision)
        errors = [
            (x - reference).norm() / reference.norm()
            for x, reference in zip(got, wanted, strict=True)
        ]
        logits, gradients = (e.item() if torch.isfinite(e) else None for e in errors)
        rows.append(
            {
                "architecture": key,
                "variant": job.variant,
                "precision": precision,
                "logits_error": logits,
                "gradient_error": gradients,
            }
        )
    return rows


def network_made(key: str, job: Job) -> nn.Module:
    """The network as it is trained, initialised on the device itself: a GPU is quicker at it."""
    torch.manual_seed(0)
    with torch.device(job.device):
        network = build(key, variant=job.variant, num_classes=CLASSES)
    return to_train(network, job.device).train()


def batch_made(job: Job) -> tuple[Tensor, Tensor]:
    """Random images of about the spread of normalised ones, and random masks."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(job.batch, 3, *job.size, generator=generator)
    mask = torch.randint(CLASSES, (job.batch, *job.size), generator=generator)
    return image.to(job.device, memory_format=torch.channels_last), mask.to(job.device)


def _both(network: nn.Module, image: Tensor, mask: Tensor, precision: str) -> tuple[Tensor, Tensor]:
    """The logits, and all gradients in one vector."""
    network.zero_grad(set_to_none=True)
    with autocast(precision, image.device.type):
        logits = network(image)
    scale = _FP16_SCALE if precision == "fp16" else 1.0
    (Objective("cross_entropy", None)([(logits, 1.0)], mask) * scale).backward()
    parts = [p.grad.flatten() / scale for p in network.parameters() if p.grad is not None]
    return logits.detach().float(), torch.cat(parts)

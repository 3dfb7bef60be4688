"""Checkpoints with real, untrained networks, and an engine that runs them in single precision."""

from __future__ import annotations

from pathlib import Path

import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from torch import nn

from experiments.models import Checkpoint, Dataset
from models_zoo import build
from models_zoo.checkpoints.files import weights_save


def checkpoint_write(dataset: Dataset, architecture: str, folder: Path) -> Checkpoint:
    """A slim, untrained network of an architecture, on offer."""
    torch.manual_seed(len(architecture))
    network = build(architecture, variant="slim", num_classes=len(dataset.classes))
    for module in network.modules():  # some score layers start at zero, where nothing differs
        if isinstance(module, nn.Conv2d) and not module.weight.any():
            nn.init.kaiming_normal_(module.weight)
    weights = folder / f"{architecture}.safetensors"
    key, sha256 = f"{dataset.slug}-{architecture}-slim", weights_save(weights, network)
    sidecar = {
        "key": key,
        "architecture": architecture,
        "variant": "slim",
        "options": {},
        "classes": dataset.classes,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "input_size": [48, 64],
        "sha256": sha256,
    }
    return Checkpoint.objects.create(
        key=key,
        sha256=sha256,
        architecture=architecture,
        variant="slim",
        dataset=dataset,
        file=default_storage.save(
            f"checkpoints/{sha256}.safetensors", ContentFile(weights.read_bytes())
        ),
        sidecar=sidecar,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        shipped=True,
    )

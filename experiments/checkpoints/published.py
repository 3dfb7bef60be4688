"""Networks that torchvision publishes, on offer before their weights are here."""

from __future__ import annotations

from experiments.models import Checkpoint
from experiments.records.datasets import dataset_ensure
from models_zoo.checkpoints.published import published_keys, published_sidecar


def published_sync() -> list[str]:
    """Put them on offer, without a file; the keys that are new. What was withdrawn stays so."""
    added = []
    for key in published_keys():
        sidecar = published_sidecar(key)
        dataset = dataset_ensure(
            passport=sidecar["dataset"],
            classes=sidecar["classes"],
            ignore_index=sidecar["ignore_index"],
            shipped=True,
        )
        fields = {
            "architecture": sidecar["architecture"],
            "variant": sidecar["variant"],
            "dataset": dataset,
            "parameters": sidecar["parameters"],
            "sidecar": sidecar,
        }
        identity = {name: sidecar[name] for name in ("key", "sha256")}
        _, created = Checkpoint.objects.update_or_create(**identity, defaults=fields)
        if created:
            added.append(key)
    return added

"""Networks that torchvision publishes, on offer before their weights are here."""

from __future__ import annotations

from experiments.checkpoints.services import dataset_ensure
from experiments.models import Checkpoint
from models_zoo.checkpoints.published import published_keys, published_sidecar


def published_sync() -> list[str]:
    """Put them on offer, without a file; the keys that are new. What was withdrawn stays so."""
    added = []
    for key in published_keys():
        sidecar = published_sidecar(key)
        terms = ("slug", "title", "licence", "source")
        dataset = dataset_ensure(
            **{term: sidecar["dataset"][term] for term in terms},
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

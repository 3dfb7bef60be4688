"""torchvision's published networks as checkpoints like any other.

They know 21 classes and are not trained here: `models_zoo.networks.papers.torchvision` lists them.
Their weights are downloaded at first use and kept as safetensors with a sidecar.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import CheckpointFiles, sidecar_read
from models_zoo.data.classes import VOC, VOC_VOID
from models_zoo.fetch import Progress
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.build import network_build
from models_zoo.networks.catalogue import published
from models_zoo.networks.paper import Published
from models_zoo.translation import gettext_noop as _

SLUG = "cocovoc"
INPUT_SIZE = (520, 693)  # torchvision scores at 520 pixels on the shorter side


def published_keys() -> dict[str, Published]:
    """The checkpoint keys of the published networks."""
    return {f"{SLUG}-{key}-full": architecture for key, architecture in published().items()}


def published_sidecar(key: str) -> dict[str, Any]:
    """What is known of the checkpoint `key` before its weights are here; needs no torch.

    download_mb: what fetching it costs. Its sha256 names the publication, not a file's bytes.
    KeyError for a key that is not of `published_keys`.
    """
    architecture = published_keys()[key]
    # The file's own hash is unknown before it is here, and a checkpoint needs one for its row.
    name = hashlib.sha256(architecture.weights.encode()).hexdigest()
    sidecar = _sidecar(key, architecture, name, architecture.parameters)
    return sidecar | {"download_mb": round(architecture.megabytes)}


def published_checkpoint(key: str, *, progress: Progress | None = None) -> CheckpointFiles:
    """The checkpoint `key` of `published_keys`, from torch's hub cache or fetched into it.

    Imports torch. WeightsUnavailable (an OSError) when it cannot be downloaded.
    """
    import torch

    folder = Path(torch.hub.get_dir()) / "segweb"
    weights, sidecar = folder / f"{key}.safetensors", folder / f"{key}.json"
    if not sidecar.is_file():
        from models_zoo.checkpoints.files import sidecar_save, weights_save
        from models_zoo.networks.pretrained import published_load

        architecture = published_keys()[key]
        network = network_build(architecture, num_classes=len(VOC))
        published_load(network, architecture, progress=progress)
        folder.mkdir(parents=True, exist_ok=True)
        sha256 = weights_save(weights, network)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        size = {"bytes": weights.stat().st_size}
        # The sidecar last: where it lies, the weights are whole.
        sidecar_save(weights, _sidecar(key, architecture, sha256, parameters) | size)
    return CheckpointFiles(sidecar_read(sidecar), sidecar, weights)


def _sidecar(key: str, architecture: Published, sha256: str, parameters: int) -> dict[str, Any]:
    return {
        "format": 1,
        "key": key,
        "architecture": architecture.key,
        "variant": "full",
        "options": {},
        "classes": VOC,
        "ignore_index": VOC_VOID,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "input_size": INPUT_SIZE,
        "dataset": {
            "slug": SLUG,
            "title": _("COCO, VOC's classes"),
            "licence": _("torchvision's (BSD 3-Clause); the images' terms are COCO's"),
            "source": "Lin et al. 2014; the 20 classes of PASCAL VOC, trained by torchvision",
            "split_hash": "",
        },
        "parameters": parameters,
        "gmacs": None,
        "scores": [],
        "training": {"weights": architecture.weights},
        "command": "",
        "sha256": sha256,
    }

"""torchvision's networks with the weights it publishes, as catalogue lines and as checkpoints.

They know 21 classes and are not trained here. `published_checkpoint` makes one a checkpoint like
any other: it downloads the weights at first use and keeps them as safetensors with a sidecar.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models_zoo.catalogue import Architecture, build
from models_zoo.checkpoints.fetch import Progress
from models_zoo.checkpoints.shipped import Shipped, sidecar_read
from models_zoo.data.classes import VOC, VOC_VOID
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.papers import DEEPLAB_V3, FCN
from models_zoo.study.descriptions import description

SLUG = "cocovoc"
INPUT_SIZE = (520, 693)  # torchvision scores at 520 pixels on the shorter side
_MOBILENET = "Howard et al.: Searching for MobileNetV3"


def _published(
    key: str,
    title: str,
    paper: str,
    year: int,
    weights: str,
    path: str,
    sees_at: str = "backbone.layer4",
    **arguments: object,
) -> Architecture:
    return Architecture(
        key=f"torchvision_{key}",
        title=f"{title} (torchvision)",
        paper=paper,
        year=year,
        idea="Trained by torchvision on COCO's images of the 20 VOC classes; to use as it is.",
        path=f"models_zoo.networks.{path}",
        arguments=arguments,
        sees_at=sees_at,
        published=f"{weights}_Weights.COCO_WITH_VOC_LABELS_V1",
    )


PUBLISHED = (
    _published(
        "fcn_resnet50", "FCN, ResNet-50", FCN, 2015, "FCN_ResNet50",
        "torchvision_layout:FCNResNet", depth=50,
    ),
    _published(
        "deeplab_v3_resnet50", "DeepLab v3, ResNet-50", DEEPLAB_V3, 2017, "DeepLabV3_ResNet50",
        "papers.deeplab_v3.network:DeepLabV3", depth=50, head="torchvision", aux=True,
    ),
    _published(
        "deeplab_v3_resnet101", "DeepLab v3, ResNet-101", DEEPLAB_V3, 2017, "DeepLabV3_ResNet101",
        "papers.deeplab_v3.network:DeepLabV3", depth=101, head="torchvision", aux=True,
    ),
    _published(
        "deeplab_v3_mobilenet", "DeepLab v3, MobileNetV3", _MOBILENET, 2019,
        "DeepLabV3_MobileNet_V3_Large", "torchvision_layout:MobileNetNetwork",
        sees_at="backbone.16", name="deeplabv3_mobilenet_v3_large", aux=True,
    ),
    _published(
        "lraspp_mobilenet", "LR-ASPP, MobileNetV3", _MOBILENET, 2019, "LRASPP_MobileNet_V3_Large",
        "torchvision_layout:MobileNetNetwork", sees_at="backbone.16",
        name="lraspp_mobilenet_v3_large", aux=False,
    ),
)  # fmt: skip


def published_keys() -> dict[str, Architecture]:
    """The checkpoint keys of the published networks."""
    return {f"{SLUG}-{architecture.key}-full": architecture for architecture in PUBLISHED}


def published_sidecar(key: str) -> dict[str, Any]:
    """What is known of the checkpoint `key` before its weights are here; needs no torch.

    download_mb: what fetching it costs. Its sha256 names the publication, not a file's bytes.
    """
    architecture = published_keys()[key]
    facts = description(architecture.key)
    name = hashlib.sha256(architecture.published.encode()).hexdigest()
    parameters = facts["variants"]["full"]["figures"]["parameters"]
    sidecar = _sidecar(key, architecture, name, parameters)
    return sidecar | {"download_mb": round(facts["download_mb"])}


def published_checkpoint(key: str, *, progress: Progress | None = None) -> Shipped:
    """The checkpoint `key` of `published_keys`, from torch's hub cache or fetched into it.

    Imports torch. WeightsUnavailable (an OSError) when it cannot be downloaded.
    """
    import torch

    folder = Path(torch.hub.get_dir()) / "segweb"
    weights, sidecar = folder / f"{key}.safetensors", folder / f"{key}.json"
    if not sidecar.is_file():
        _write(key, weights, progress)
    return Shipped(sidecar_read(sidecar), sidecar, weights)


def _write(key: str, weights: Path, progress: Progress | None) -> None:
    from models_zoo.checkpoints.files import sidecar_save, weights_save
    from models_zoo.networks.pretrained import published_load

    architecture = published_keys()[key]
    network = build(architecture.key, num_classes=len(VOC))
    published_load(network, architecture, progress=progress)
    weights.parent.mkdir(parents=True, exist_ok=True)
    sha256 = weights_save(weights, network)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    size = {"bytes": weights.stat().st_size}
    sidecar_save(weights, _sidecar(key, architecture, sha256, parameters) | size)


def _sidecar(key: str, architecture: Architecture, sha256: str, parameters: int) -> dict[str, Any]:
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
            "title": "COCO, VOC's classes",
            "licence": "torchvision's (BSD 3-Clause); the images' terms are COCO's",
            "source": "Lin et al. 2014; the 20 classes of PASCAL VOC, trained by torchvision",
            "split_hash": "",
        },
        "parameters": parameters,
        "gmacs": None,
        "scores": [],
        "training": {"weights": architecture.published},
        "command": "",
        "sha256": sha256,
    }

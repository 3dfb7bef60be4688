"""How each network of the zoo is trained, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models_zoo.training.config import TrainConfig

# One network of each paper first, so that the whole story is there before its variations.
FIRST = (
    "fcn8s",
    "deconvnet",
    "segnet",
    "unet",
    "fc_densenet56",
    "deeplab_v1",
    "dilatednet_large",
    "deeplab_v2_vgg16",
    "pspnet_resnet50",
    "deeplab_v3_resnet50",
    "fcn16s",
    "fcn32s",
)
LATER = (
    "edeconvnet",
    "segnet_basic",
    "fc_densenet67",
    "fc_densenet103",
    "dilatednet_front",
    "dilatednet_basic",
    "deeplab_v2_resnet101",
    "pspnet_resnet101",
    "deeplab_v3_resnet101",
)

# What differs from TrainConfig's recipe. Sizes 8·n + 1 fit networks whose cells sit on pixel 8·n.
_CORNERS = (257, 321)
_ON_CORNERS = {"crop": _CORNERS}
CAMVID: dict[str, dict[str, Any]] = {
    "fcn8s": {"epochs": 40},
    "fcn16s": {"epochs": 25},
    "fcn32s": {"epochs": 25},
    "segnet": {"epochs": 60, "batch": 4},
    "segnet_basic": {"epochs": 30, "batch": 4},
    "deconvnet": {"epochs": 60},
    "edeconvnet": {"epochs": 60},
    "unet": {"epochs": 32},
    # The paper's crop. Of a slim network's parameters it has few, of its cost not.
    "fc_densenet56": {"epochs": 20, "batch": 4, "crop": (224, 224)},
    "fc_densenet67": {"epochs": 30, "batch": 4},
    "fc_densenet103": {"epochs": 40, "batch": 4},
    "deeplab_v1": {"epochs": 25, **_ON_CORNERS},
    "deeplab_v2_vgg16": {"epochs": 25, **_ON_CORNERS},
    "deeplab_v2_resnet101": {"epochs": 25, **_ON_CORNERS},
    "dilatednet_front": {"epochs": 25},
    "dilatednet_basic": {"epochs": 25},
    "dilatednet_large": {"epochs": 40},
    "pspnet_resnet50": {"epochs": 25, "options": {"aux": True}, **_ON_CORNERS},
    "pspnet_resnet101": {"epochs": 25, "options": {"aux": True}, **_ON_CORNERS},
    "deeplab_v3_resnet50": {"epochs": 60, **_ON_CORNERS},
    "deeplab_v3_resnet101": {"epochs": 35, **_ON_CORNERS},
}
# 2,000 scenes are five times CamVid's images at a third of its size. They vary by themselves in
# light and distance, so that they are learned as they are drawn: of networks that had ten epochs
# of scaled and jittered ones before, most gained 0.03 to 0.17. One recipe for all, so that the
# networks can be compared, but for what needs another.
SCENES: dict[str, Any] = {"epochs": 15, "scale": (1.0, 1.0), "jitter": 0.0}
SCENES_OWN: dict[str, dict[str, Any]] = {
    # fc6 has two cells a scene, and batch normalisation needs more than eight values.
    "deconvnet": {"epochs": 20, "batch": 16},
    "edeconvnet": {"epochs": 10, "batch": 16},
    # An epoch of whole scenes takes it 20 minutes on one core. At three quarters of its size a
    # scene fits into this crop, so that it is learned whole as well as in parts.
    "fc_densenet56": {"epochs": 6, "crop": (144, 192), "scale": (0.75, 1.0)},
    # Deep and without pretrained weights: 0.590 and 0.574 after fifteen epochs, both still rising.
    "deeplab_v2_resnet101": {"epochs": 20},
    "deeplab_v3_resnet50": {"epochs": 25},
    "deeplab_v3_resnet101": {"epochs": 25},
}
_SCENES_CROP, _SCENES_CORNERS = (192, 256), (193, 257)
# Where there is a GPU. Untried for want of one.
FULL: dict[str, Any] = {"variant": "full", "lr": 1e-3}
_WITHOUT_BACKBONE = ("segnet_basic", "unet", "fc_densenet56", "fc_densenet67", "fc_densenet103")


def on_camvid(key: str, folder: str) -> TrainConfig:
    """How `key` learns CamVid, whose folder is given."""
    return TrainConfig(arch=key, data=f"camvid:{folder}", **CAMVID[key])


def on_scenes(key: str) -> TrainConfig:
    """How `key` learns scenes."""
    crop = _SCENES_CORNERS if CAMVID[key].get("crop") == _CORNERS else _SCENES_CROP
    settings = CAMVID[key] | SCENES | {"crop": crop} | SCENES_OWN.get(key, {})
    return TrainConfig(arch=key, data="scenes", **settings)


def widened(config: TrainConfig) -> TrainConfig:
    """The same for the network as its paper has it, on a pretrained backbone if it has one."""
    return replace(config, pretrained=config.arch not in _WITHOUT_BACKBONE, **FULL)

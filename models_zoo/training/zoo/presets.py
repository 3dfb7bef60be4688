"""The recipes of the papers as settings of `TrainConfig`, by catalogue key. Data, not code.

Only what a paper says and this training has is listed; everything else keeps its default. Left out
for want of a counterpart: learning rates that differ by layer, U-Net's elastic deformation,
DeconvNet's training in two stages, FC-DenseNet's RMSprop (AdamW here), rotation and blur of PSPNet.
A paper's count of iterations is the user's choice of epochs.
"""

from __future__ import annotations

from typing import Any

_SGD = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 5e-4, "class_weights": "none"}
_PLAIN = {"scale": (1.0, 1.0), "flip": False, "jitter": 0.0}

_FCN = {**_SGD, **_PLAIN, "batch": 20, "lr": 1e-4, "schedule": "constant", "crop": (360, 480)}
_DECONVNET = {**_SGD, "batch": 64, "lr": 1e-2, "schedule": "step", "crop": (224, 224)} | {
    "scale": (1.0, 1.15),
    "jitter": 0.0,
}
_SEGNET = {**_SGD, **_PLAIN, "batch": 12, "lr": 0.1, "schedule": "constant"} | {
    "crop": (360, 480),
    "class_weights": "median",
}
_UNET = {**_SGD, "batch": 1, "momentum": 0.99, "schedule": "constant"}
_FC_DENSENET = {"batch": 3, "lr": 1e-3, "weight_decay": 1e-4, "crop": (224, 224)} | {
    "scale": (1.0, 1.0),
    "jitter": 0.0,
    "class_weights": "none",
    "schedule": "constant",
}
_DEEPLAB_V1 = {**_SGD, "batch": 20, "lr": 1e-3, "schedule": "step", "crop": (321, 321)} | {
    "scale": (1.0, 1.0),
    "jitter": 0.0,
}
_DILATED = {**_SGD, "batch": 14, "lr": 1e-3, "schedule": "constant", "crop": (500, 500)} | {
    "scale": (1.0, 1.0),
    "jitter": 0.0,
}
_DEEPLAB_V2 = {**_SGD, "batch": 10, "lr": 2.5e-4, "schedule": "poly", "crop": (321, 321)} | {
    "scale": (0.5, 1.5),
    "jitter": 0.0,
}
_PSPNET = {**_SGD, "batch": 16, "lr": 1e-2, "schedule": "poly", "crop": (473, 473)} | {
    "weight_decay": 1e-4,
    "scale": (0.5, 2.0),
    "jitter": 0.0,
    "options": {"aux": True},
}
_DEEPLAB_V3 = {**_SGD, "batch": 16, "lr": 7e-3, "schedule": "poly", "crop": (513, 513)} | {
    "weight_decay": 1e-4,
    "scale": (0.5, 2.0),
    "jitter": 0.0,
}

PAPERS: dict[str, dict[str, Any]] = {
    "fcn32s": _FCN,
    "fcn16s": _FCN,
    "fcn8s": _FCN,
    "deconvnet": _DECONVNET,
    "edeconvnet": _DECONVNET,
    "segnet": _SEGNET,
    "segnet_basic": _SEGNET,
    "unet": _UNET,
    "fc_densenet56": _FC_DENSENET,
    "fc_densenet67": _FC_DENSENET,
    "fc_densenet103": _FC_DENSENET,
    "deeplab_v1": _DEEPLAB_V1,
    "dilatednet_front": _DILATED,
    "dilatednet_basic": _DILATED,
    "dilatednet_large": _DILATED,
    "deeplab_v2_vgg16": _DEEPLAB_V2,
    "deeplab_v2_resnet101": _DEEPLAB_V2,
    "pspnet_resnet50": _PSPNET,
    "pspnet_resnet101": _PSPNET,
    "deeplab_v3_resnet50": _DEEPLAB_V3,
    "deeplab_v3_resnet101": _DEEPLAB_V3,
}


def paper_settings(arch: str) -> dict[str, Any]:
    """The settings of the paper behind a catalogue key; ValueError when there are none."""
    if arch not in PAPERS:
        raise ValueError(f"No recipe of a paper is known for {arch!r}.")
    return PAPERS[arch]

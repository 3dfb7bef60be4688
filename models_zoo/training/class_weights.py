"""Class weights from the pixels that an audit counted."""

from __future__ import annotations

import numpy as np

from models_zoo.data.audit import Audit
from models_zoo.data.classes import CAMVID, Classes
from models_zoo.translation import gettext_noop as _

# SegNet's release, CamVid, 367 images. They cannot be reproduced from the labels.
SEGNET_CAMVID = (
    0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614,
)  # fmt: skip


def class_weights(kind: str, classes: Classes, audit: Audit) -> np.ndarray | None:
    """One float32 weight a class, from the audit's `train` split; None for `none`.

    median: median frequency balancing (Eigen & Fergus 2015; SegNet, section 4); 0 for a class that
    does not occur. enet: 1 / ln(1.02 + share of pixels) (ENet, section 5.2); enet_sqrt: their
    square root, since with them rare classes are predicted two to four times too often. segnet: the
    release's, ValueError for other classes than CamVid's.
    """
    if kind == "none":
        return None
    if kind == "segnet":
        # By position: with other classes each weight would fall on a wrong one, silently.
        if [entry["name"] for entry in classes] != [entry["name"] for entry in CAMVID]:
            raise ValueError(_("class_weights=segnet are CamVid's; this data has other classes."))
        return np.array(SEGNET_CAMVID, np.float32)
    pixels, image_pixels = audit.class_pixels["train"], audit.class_image_pixels["train"]
    if kind in ("enet", "enet_sqrt"):
        # 1.02 bounds the weight of a class of hardly any pixels: 1 / ln(1.02) = 50.
        weights: np.ndarray = 1 / np.log(1.02 + pixels / max(pixels.sum(), 1))
        return (weights if kind == "enet" else np.sqrt(weights)).astype(np.float32)
    # Of the images that show the class, not of all: SegNet, section 4.
    frequency = pixels / np.maximum(image_pixels, 1)
    present = frequency > 0
    median = np.median(frequency[present])
    return np.where(present, median / np.maximum(frequency, 1e-12), 0).astype(np.float32)

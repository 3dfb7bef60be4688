"""What align_corners changes, on a sample: two masks and the pixels in which they differ.

With a shipped checkpoint, its network is run both ways over the sample. Where none is shipped, the
sample's true mask takes the network's place: it is reduced to the network's output stride, and only
the upsampling is done both ways.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, one_hot

from models_zoo.checkpoints.shipped import CheckpointFiles, shipped
from models_zoo.data.classes import Classes
from models_zoo.data.known import TRAINED
from models_zoo.data.scenes.classes import CLASSES
from models_zoo.data.scenes.samples import SAMPLES
from models_zoo.data.scenes.scene import Scene, draw
from models_zoo.masks import mask_png
from models_zoo.networks.measure import INPUT_SIZE, architecture_view
from models_zoo.predict.engine import logits_of
from models_zoo.predict.inputs import network_load

SAMPLE = next(sample for sample in SAMPLES if sample.name == "bicycles")
DIFFERENCE: Classes = [
    {"id": 0, "name": "same", "colour": "#d9d9d9"},
    {"id": 1, "name": "different", "colour": "#c2185b"},
]


def corners_compare(key: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """PNG files by name (`models_zoo.study.descriptions.CORNERS`), and what they are of.

    share: of the pixels that differ, from 0 to 1. checkpoint: its key, or None for a reduced true
    mask. ValueError for an unknown architecture.
    """
    scene = draw(seed=SAMPLE.seed, height=INPUT_SIZE[0], width=INPUT_SIZE[1])
    by_slug = {item.slug: item for item in shipped() if item.architecture == key}
    checkpoint = next((by_slug[slug] for slug in TRAINED if slug in by_slug), None)
    classes = checkpoint.sidecar["classes"] if checkpoint else CLASSES
    masks = []
    for choice in (True, False):
        if checkpoint:
            logits = logits_of(
                network_cornered(checkpoint, choice),
                scene.image,
                mean=checkpoint.sidecar["mean"],
                std=checkpoint.sidecar["std"],
                scored_at=INPUT_SIZE,
                precision="fp32",
            )
        else:
            logits = _upsampled(scene, architecture_view(key).output_stride, choice)
        masks.append(logits.argmax(0).to(torch.uint8).cpu().numpy())
    different = masks[0] != masks[1]
    pictures = {
        "aligned": mask_png(masks[0], classes),
        "unaligned": mask_png(masks[1], classes),
        "difference": mask_png(different.astype(np.uint8), DIFFERENCE),
    }
    return pictures, {
        "sample": SAMPLE.name,
        "size": INPUT_SIZE,
        "checkpoint": checkpoint and checkpoint.sidecar["key"],
        "share": round(float(different.mean()), 5),
    }


def _upsampled(scene: Scene, stride: int, align_corners: bool) -> Tensor:
    """K×H×W scores of the true mask, reduced to cells of `stride` pixels and upsampled again."""
    # Void is no class that a network could say: it passes for the last one here.
    known = torch.from_numpy(scene.mask.astype(np.int64)).clamp(max=len(CLASSES) - 1)
    shares = one_hot(known, len(CLASSES)).permute(2, 0, 1)[None].float()
    cells = avg_pool2d(shares, stride, ceil_mode=True)
    scores = one_hot(cells.argmax(1), len(CLASSES)).permute(0, 3, 1, 2).float()
    return interpolate(scores, INPUT_SIZE, mode="bilinear", align_corners=align_corners)[0]


def network_cornered(checkpoint: CheckpointFiles, align_corners: bool) -> nn.Module:
    """The network of a checkpoint with the trained weights and this choice of align_corners."""
    options = checkpoint.sidecar["options"] | {"align_corners": align_corners}
    return network_load(checkpoint.weights_path, checkpoint.sidecar | {"options": options})

"""The lineage measured on one data set, as files. Torch-free.

`python -m models_zoo story` writes <data set>.json (`models_zoo.study.story` says what is in it)
and, for scenes, <data set>.<sample>.<architecture>.png: the masks that the chapters show.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

# Whose masks of a sample the story shows.
SHOWN = {
    "bus": (
        "fcn8s",
        "deeplab_v1",
        "dilatednet_front",
        "deeplab_v2_vgg16",
        "pspnet_resnet50",
        "deeplab_v3_resnet50",
    ),
    "quay": ("fcn32s", "deeplab_v1", "deeplab_v2_vgg16"),
    "harbour": ("fcn32s", "deconvnet", "segnet", "fcn8s", "unet"),
    "skyline": ("unet", "deeplab_v2_vgg16", "pspnet_resnet50"),
    "hiding": ("fcn32s", "deeplab_v2_vgg16", "pspnet_resnet50"),
}


def story_read(slug: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What was measured on the data set `slug`; None where nothing was."""
    path = (folder or FOLDER) / f"{slug}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def picture_path(slug: str, sample: str, architecture: str, folder: Path | None = None) -> Path:
    """Where an architecture's mask of a sample lies."""
    return (folder or FOLDER) / f"{slug}.{sample}.{architecture}.png"

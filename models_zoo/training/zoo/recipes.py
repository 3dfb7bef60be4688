"""The recipes by which the zoo is trained: one for all, and what each architecture says of its own.

What is not said here or by a paper's folder is TrainConfig's recipe.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models_zoo.networks.catalogue import architecture_get
from models_zoo.training.config import TEACHER_FILE, TrainConfig

# 2,000 scenes are five times CamVid's images at a third of its size. They vary by themselves in
# light and distance, so that they are learned as they are drawn: of networks that had ten epochs
# of scaled and jittered ones before, most gained 0.03 to 0.17. One recipe for all, so that the
# networks can be compared, but for what needs another.
SCENES: dict[str, Any] = {"epochs": 15, "scale": (1.0, 1.0), "jitter": 0.0}
SCENES_CROP = (192, 256)
# Sizes 8·n + 1 fit networks whose cells sit on pixel 8·n.
CAMVID_CORNERS, SCENES_CORNERS = (257, 321), (193, 257)
# On a GPU. ENet's own weights make rare classes too frequent; jitter costs more than it gives.
QUICK: dict[str, Any] = {"jitter": 0.0, "class_weights": "enet_sqrt", "precision": "bf16"}
# Ten passes an epoch, since a GPU learns a pass in less time than it scores one. Where the teacher
# lies is no part of the recipe: the plan puts its file in.
TEACHER = "fpn_vgg16"
TAUGHT: dict[str, Any] = {**QUICK, "passes": 10, "teacher": TEACHER_FILE}
# Untried: there was no time for it where there was a GPU.
FULL: dict[str, Any] = {"variant": "full", "lr": 1e-3}


def on_camvid(key: str, folder: str) -> TrainConfig:
    """How `key` learns CamVid, whose folder is given. ValueError for an unknown key."""
    line = architecture_get(key)
    recipe = line.recipe
    crop = {"crop": CAMVID_CORNERS} if recipe.on_corners else {}
    house = TAUGHT if recipe.taught else QUICK if line.teaches else {}
    settings = {**crop, **house, **recipe.settings, **recipe.camvid}
    return TrainConfig(architecture=key, data=f"camvid:{folder}", **settings)


def on_scenes(key: str) -> TrainConfig:
    """How `key` learns scenes. ValueError for an unknown key."""
    recipe = architecture_get(key).recipe
    crop = {"crop": SCENES_CORNERS if recipe.on_corners else SCENES_CROP}
    settings = {**SCENES, **crop, **recipe.settings, **recipe.scenes}
    return TrainConfig(architecture=key, data="scenes", **settings)


def widened(config: TrainConfig) -> TrainConfig:
    """The same for the network as its paper has it, on a pretrained backbone if it has one."""
    return replace(config, pretrained=architecture_get(config.architecture).backbone, **FULL)

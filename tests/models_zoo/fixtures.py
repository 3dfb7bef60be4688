"""Small things that several tests of models_zoo build on: a data set, a network, a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models_zoo import build
from models_zoo.checkpoints.files import sidecar_save, weights_save
from models_zoo.data.classes import CAMVID
from models_zoo.networks.catalogue import OUTSIDE
from models_zoo.seeds import seed_for
from models_zoo.training.config import TrainConfig


def draw_camvid(root: Path, *, height: int = 48, width: int = 64, **splits: int) -> Path:
    """A data set in CamVid's layout: `splits` says how many images each split has.

    Every image is a sky over a road with a car somewhere, in noisy colours.
    """
    for split, count in splits.items():
        for folder in (root / split, root / f"{split}annot"):
            folder.mkdir(parents=True)
        for number in range(count):
            image, mask = draw_street(seed_for(split, number), height, width)
            Image.fromarray(image).save(root / split / f"{split}{number:02d}.png")
            Image.fromarray(mask).save(root / f"{split}annot" / f"{split}{number:02d}.png")
    return root


def draw_street(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy H×W×3 image of sky 0, road 3 and a car 8, and its mask; the border is void 11."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 2 :] = 3
    left, top = random.integers(4, width - 20), height // 2 - 4
    mask[top : top + 12, left : left + 16] = 8
    mask[:, 0] = 11
    colours = np.zeros((12, 3))
    colours[[0, 3, 8]] = [150, 180, 240], [90, 90, 90], [200, 40, 40]
    image = colours[mask] + random.normal(0, 12, (height, width, 3))
    return image.clip(0, 255).astype(np.uint8), mask


def write_checkpoint(
    folder: Path, *, name: str = "unet", input_size: tuple[int, int] = (48, 64), **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """An untrained slim U-Net for CamVid's classes with its sidecar, `folder`/`name`.*."""
    torch.manual_seed(0)
    weights = folder / f"{name}.safetensors"
    sidecar = {
        "format": 1,
        "key": "camvid-unet-slim",
        "architecture": "unet",
        "variant": "slim",
        "options": {},
        "classes": CAMVID,
        "ignore_index": 11,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "input_size": list(input_size),
        "sha256": weights_save(weights, build("unet", variant="slim", num_classes=11)),
        **changes,
    }
    sidecar_save(weights, sidecar)
    return weights, sidecar


def draw_folder(root: Path, *, height: int = 32, width: int = 40, **splits: int) -> str:
    """A data set of sky, road and car in the layout of `folder`; returns its specification."""
    ids = np.full(256, 255, np.uint8)
    ids[[0, 3, 8]] = 0, 1, 2
    for split, count in splits.items():
        for kind in ("images", "masks"):
            (root / split / kind).mkdir(parents=True)
        for number in range(count):
            image, mask = draw_street(seed_for(split, number), height, width)
            Image.fromarray(image).save(root / split / "images" / f"{split}{number:02d}.png")
            Image.fromarray(ids[mask]).save(root / split / "masks" / f"{split}{number:02d}.png")
    description = {"classes": ["sky", "road", "car"], "slug": "streets"}
    description |= {"title": "Streets", "input_size": [height, width]}
    (root / "classes.json").write_text(json.dumps(description))
    return f"folder:{root}"


TINY = {
    "crop": (32, 32),
    "batch": 2,
    "workers": 0,
    "precision": "fp32",
    "probes": 1,
}


def tiny_config(data: str, **changes: Any) -> TrainConfig:
    """A run of a network with batch normalisation and dropout that takes a moment.

    It needs the catalogue of `tests.models_zoo.tiny`, see `tiny_catalogue`.
    """
    settings = {"architecture": "tiny", "variant": "full", "options": {"noisy": True}, "epochs": 2}
    return TrainConfig(**{**settings, "data": data, **TINY, **changes})


@contextmanager
def tiny_catalogue() -> Iterator[None]:
    """The tests' own network is in the catalogue."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OUTSIDE, "tests.models_zoo.tiny")
        yield

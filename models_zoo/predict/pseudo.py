"""Pseudo-labels: unlabelled images, labelled by a checkpoint where it is sure enough.

They are written as a data set of their own in the layout of `folder`, with pseudo.json beside it,
which says who labelled it and how; a run that mixes it in records that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models_zoo.data.base import DatasetSplit
from models_zoo.data.description import DESCRIPTION
from models_zoo.files import write_atomically
from models_zoo.masks import mask_png
from models_zoo.memory import PeakBytes
from models_zoo.predict.engine import Engine, logit_blocks

PROVENANCE = "pseudo.json"
UNSURE = 255


def thresholds_parse(text: str, names: list[str]) -> np.ndarray:
    """One probability a class, float64, from "0.9" or "0.9,car=0.8,…".

    ValueError for what is no class or no probability.
    """
    values = np.full(len(names), 0.9)
    for part in text.split(","):
        name, separator, number = part.rpartition("=")
        if separator and name not in names:
            raise ValueError(f"{name!r} is no class. Known: {', '.join(names)}.")
        try:
            value = float(number)
        except ValueError:
            value = np.nan
        if not 0 <= value <= 1:
            raise ValueError(f"{part!r} is no threshold; give a probability such as 0.9.")
        values[names.index(name) if separator else slice(None)] = value
    return values


def pseudo_label(
    engine: Engine,
    weights: Path,
    sidecar: dict[str, Any],
    dataset: DatasetSplit,
    *,
    thresholds: np.ndarray,
    out: Path,
) -> dict[str, Any]:
    """Labels every image of `dataset` into `out` and returns what pseudo.json says.

    A pixel keeps its likeliest class where the probability reaches that class's threshold; all
    others become 255, which is ignored. ValueError when `out` holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty.")
    images, masks = out / "train" / "images", out / "train" / "masks"
    for folder in (images, masks):
        folder.mkdir(parents=True)
    kept = np.zeros(len(sidecar["classes"]), np.int64)
    pixels = 0
    for index in range(len(dataset)):
        image = dataset.load_image(index)
        mask = _sure_mask(engine, weights, sidecar, image, thresholds)
        # PNG: what is learned from is what was labelled, to the last bit.
        Image.fromarray(image).save(images / f"{dataset.name(index)}.png")
        write_atomically(masks / f"{dataset.name(index)}.png", mask_png(mask, sidecar["classes"]))
        # UNSURE has a bin of its own beyond the classes, and is no label.
        kept += np.bincount(mask.ravel(), minlength=256)[: len(kept)]
        pixels += mask.size
    provenance = {
        "checkpoint": sidecar["key"],
        "sha256": sidecar["sha256"],
        "source": {**dataset.passport, "split": dataset.split, "split_hash": dataset.split_hash},
        "precision": engine.precision,
        "thresholds": thresholds.tolist(),
        "images": len(dataset),
        "kept_share": round(int(kept.sum()) / pixels, 4),
        "kept_pixels": kept.tolist(),
    }
    _write_json(out / PROVENANCE, provenance)
    # Last of all: without it the folder is no data set, so nobody learns from half of one.
    _write_json(out / DESCRIPTION, _description(sidecar, dataset))
    return provenance


def provenance_read(specification: str) -> Mapping[str, Any]:
    """What pseudo.json says of the data set "folder:PATH"; empty when it has none."""
    path = Path(specification.partition(":")[2]) / PROVENANCE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _sure_mask(
    engine: Engine,
    weights: Path,
    sidecar: dict[str, Any],
    image: np.ndarray,
    thresholds: np.ndarray,
) -> np.ndarray:
    network, _ = engine.network(weights, sidecar)
    score = engine.scorer(network, sidecar, PeakBytes(engine.device))
    mask = np.full(image.shape[:2], UNSURE, np.uint8)
    for rows, columns, logits in logit_blocks(score, image, tuple(sidecar["input_size"]), "model"):
        # Not a prediction's bytes, the highest of which stands for .998 too: with that, a threshold
        # of 1 kept what was less than sure.
        probability, ids = (part.cpu().numpy() for part in logits.softmax(dim=0).max(dim=0))
        sure = probability >= thresholds[ids]
        mask[rows, columns][sure] = ids[sure]
    return mask


def _description(sidecar: dict[str, Any], dataset: DatasetSplit) -> dict[str, Any]:
    return {
        "title": f"{dataset.title}, labelled by {sidecar['key']}",
        "slug": f"{dataset.slug}_pseudo",
        "licence": dataset.licence,
        "source": dataset.source,
        "classes": sidecar["classes"],
        "ignore_index": UNSURE,
        "input_size": list(dataset.input_size),
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")

"""What the pages show of an architecture, computed from the network and written as small files.

`python -m models_zoo describe` runs this; `models_zoo.study.descriptions` reads the result without
torch.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from inspect import getdoc, signature
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import torch
from torch import nn

from models_zoo.files import write_atomically
from models_zoo.networks.build import build, option_names
from models_zoo.networks.catalogue import VARIANTS, architecture_get
from models_zoo.networks.measure import INPUT_SIZE, figures
from models_zoo.networks.paper import Architecture, Published
from models_zoo.study.corners import corners_compare
from models_zoo.study.descriptions import CORNERS, picture_path
from models_zoo.study.graph import trace
from models_zoo.torchvision_ops import torchvision

NUM_CLASSES = 21


def describe(key: str) -> dict[str, Any]:
    """Figures, data path and options of one architecture; the pictures are `describe_write`'s.

    Ready for JSON; sizes are (height, width) in pixels. ValueError for an unknown key.
    """
    architecture = architecture_get(key)
    variants = VARIANTS[:1] if isinstance(architecture, Published) else VARIANTS
    facts: dict[str, Any] = {
        "key": key,
        "num_classes": NUM_CLASSES,
        "input_size": INPUT_SIZE,
        "variants": {
            variant: {
                "figures": asdict(figures(key, variant, num_classes=NUM_CLASSES)),
                "path": trace(_on_meta(key, variant), INPUT_SIZE),
            }
            for variant in variants
        },
        "options": options(architecture),
        "sources": getdoc(import_module(architecture.path.split(":")[0])),
    }
    if isinstance(architecture, Published):
        weights = torchvision.models.get_weight(architecture.weights)
        facts["download_mb"] = weights.meta["_file_size"]
    return facts


def describe_write(key: str, folder: Path) -> dict[str, Any]:
    """Writes <key>.json and, where upsampling has the choice, the pictures of align_corners."""
    facts = describe(key)
    if "align_corners" in [option["name"] for option in facts["options"]]:
        pictures, facts["align_corners"] = corners_compare(key)
        for name in CORNERS:
            write_atomically(picture_path(key, name, folder), pictures[name])
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    write_atomically(folder / f"{key}.json", f"{text}\n".encode())
    return facts


def options(architecture: Architecture) -> list[dict[str, Any]]:
    """Each option with its default and, where there are few, its choices."""
    names = option_names(architecture)
    if isinstance(architecture, Published) or not names:
        return []
    network = _on_meta(architecture.key, "full")
    initialise = type(network).__init__
    hints, parameters = get_type_hints(initialise), signature(initialise).parameters
    offered = []
    for name in names:
        default = parameters[name].default
        if default is None:  # that of another option, and the network knows which
            default = getattr(network, name)
        offered.append({"name": name, "default": default, "choices": _choices(hints[name])})
    return offered


def _choices(hint: Any) -> list[Any]:
    if hint is bool:
        return [True, False]
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [choice for part in get_args(hint) for choice in _choices(part)]


def _on_meta(key: str, variant: str) -> nn.Module:
    with torch.device("meta"):
        return build(key, variant=variant, num_classes=NUM_CLASSES).eval()

"""From a network's file to a checkpoint like any other: checked, tried on an image, then kept.

Torch is imported once there is something to try: what is refused is refused in less time.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models_zoo.data.scenes import draw
from models_zoo.exchange.asked import LONGEST_SIDE, Asked, asked_of
from models_zoo.exchange.onnx_file import onnx_facts
from models_zoo.fence import Misbehaved
from models_zoo.files import atomic_file, sha256_of, write_atomically
from models_zoo.masks import colourise
from models_zoo.translation import gettext_noop as _

IMPORTED = "imported"  # the variant of what is no line of the catalogue
USUAL_SIZE = (512, 512)
MULTIPLES = (1, 8, 32, 64)  # what free sides may have to be multiples of
Checked = dict[str, Any]


def onnx_import(
    file: Path, out: Path, options: Mapping[str, str | None], picture: np.ndarray | None = None
) -> Checked:
    """Puts an ONNX file into the folder `out` as a checkpoint: <name>.onnx, .json and .png.

    `options` are those of `asked_of`. The PNG shows `picture` (H×W×3 uint8 RGB, a drawn scene
    unless given) beside its mask. Returns the sidecar, the mask's classes with their shares, and
    the milliseconds it took. ValueError says why it cannot be taken; nothing is left then.
    """
    facts = onnx_facts(file)
    asked = asked_of(options, facts["metadata"], file)
    told, known = facts["output"]["classes"], len(asked.classes)
    if told not in (None, known):
        raise Misbehaved(_(f"{file.name} gives {told} classes, and the class list has {known}."))
    size = _size(facts["size"], asked, file)
    sidecar = sidecar_of(asked, variant=IMPORTED, input_size=size) | {
        "architecture": asked.name,
        "onnx": {"order": asked.order, "output": facts["output"]["kind"]},
        "parameters": facts["parameters"],
        "sha256": sha256_of(file),
        "bytes": file.stat().st_size,
    }
    sidecar["onnx"] |= _taken(file, sidecar, None if None in facts["size"] else size)
    return checkpoint_keep(file, out, sidecar, picture)


def sidecar_of(asked: Asked, *, variant: str, input_size: tuple[int, int]) -> dict[str, Any]:
    """What a sidecar says of a network whose training nobody here knows."""
    return {
        "format": 1,
        "key": f"{asked.dataset['slug']}-{asked.name}-{IMPORTED}",
        "variant": variant,
        "options": {},
        "classes": asked.classes,
        "ignore_index": asked.ignore_index,
        "mean": asked.mean,
        "std": asked.std,
        "input_size": list(input_size),
        "dataset": asked.dataset | {"split_hash": ""},
        "gmacs": None,
        "scores": [],
        "training": {"imported": True},
        "command": "",
    }


def checkpoint_keep(
    file: Path, out: Path, sidecar: dict[str, Any], picture: np.ndarray | None
) -> Checked:
    """Tries the weights of `sidecar` on an image and keeps them in `out`; as `onnx_import`."""
    from models_zoo.checkpoints.files import sidecar_save
    from models_zoo.predict.engine import Engine

    kept = out / f"{sidecar['key']}{file.suffix.lower()}"
    if kept.exists() and sha256_of(kept) != sidecar["sha256"]:
        raise ValueError(
            _(f"{kept} is another network: give this one another --name, or delete it.")
        )
    pixels = draw(seed=1, height=384, width=512).image if picture is None else picture
    predicted = Engine(precision="fp32").predict(file, sidecar, pixels)
    out.mkdir(parents=True, exist_ok=True)
    if not (kept.exists() and kept.samefile(file)):
        with file.open("rb") as source, atomic_file(kept) as target:
            shutil.copyfileobj(source, target)
    write_atomically(kept.with_suffix(".png"), _shown(pixels, predicted.mask, sidecar))
    sidecar_save(kept, sidecar)  # the last: where it lies, the others are whole
    counts = Counter(predicted.mask.ravel().tolist())
    seen = [
        {"name": sidecar["classes"][number]["name"], "share": count / predicted.mask.size}
        for number, count in counts.most_common()
    ]
    return {
        "sidecar": sidecar,
        "file": str(kept),
        "seen": seen,
        "milliseconds": predicted.milliseconds,
    }


def _size(free: list[int | None], asked: Asked, file: Path) -> tuple[int, int]:
    """The size at which the network is used: the file's own, or as asked for."""
    height, width = asked.input_size or USUAL_SIZE
    size = (free[0] or height, free[1] or width)
    if asked.input_size and size != asked.input_size:
        raise ValueError(
            _(f"{file.name} takes images of {size[0]}×{size[1]} (height × width) only.")
        )
    if max(size) > LONGEST_SIDE:
        raise Misbehaved(
            _(
                f"{file.name} takes images of {size[0]}×{size[1]} (height × width); sides of up to "
                f"{LONGEST_SIDE} are taken. Write it for a smaller size, or with free sides."
            )
        )
    return size


def _taken(file: Path, sidecar: dict[str, Any], fixed: tuple[int, int] | None) -> dict[str, Any]:
    """Which sizes the file takes, found by trying: `size`, where it is one, and `multiple`."""
    import torch

    from models_zoo.predict.runtimes.onnx import OnnxNetwork

    height, width = sidecar["input_size"]
    own = {"size": [height, width], "multiple": 1}

    def run(seen_at: tuple[int, int], takes: dict[str, Any]) -> None:
        described = sidecar | {"onnx": sidecar["onnx"] | takes}
        network = OnnxNetwork(file, described)
        try:
            noise = torch.randn(1, 3, *seen_at, generator=torch.Generator().manual_seed(0))
            network(noise)
        finally:
            network.close()

    run((height, width), own)
    if fixed:
        return own
    # Both odd, and of other proportions than the first.
    odd = (height - height // 8 | 1, width - width // 6 | 1)
    for multiple in MULTIPLES:
        takes = {"size": None, "multiple": multiple}
        try:
            run(odd, takes)
        except Misbehaved:
            continue
        return takes
    return own


def _shown(pixels: np.ndarray, mask: np.ndarray, sidecar: dict[str, Any]) -> bytes:
    """The image and its mask side by side, as a PNG file of at most 1,024 pixels a side."""
    both = np.concatenate([pixels, colourise(mask, sidecar["classes"])], axis=1)
    image = Image.fromarray(both)
    shrink = min(1.0, 1024 / max(image.size))
    image = image.resize([math.ceil(side * shrink) for side in image.size])
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

"""predict: the masks of images."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.files import write_atomically
from models_zoo.images import open_image
from models_zoo.masks import mask_png

HELP = "Write the masks of images."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the masks")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Writes masks. ValueError when two share a place or one would overwrite an image."""
    from models_zoo.predict.engine import Engine

    checkpoint = resolve(options.checkpoint)
    targets = [options.out / f"{image.stem}.png" for image in options.images]
    uses, originals = Counter(targets), {image.resolve() for image in options.images}
    # Before the network is loaded and the first mask written: a clash costs nothing then.
    for image, target in zip(options.images, targets, strict=True):
        if uses[target] > 1:
            raise ValueError(
                f"Several images are called {image.stem}: all their masks would be {target}."
            )
        if target.resolve() in originals:
            raise ValueError(f"The mask of {image} would overwrite an image; choose another --out.")
    engine = Engine()
    options.out.mkdir(parents=True, exist_ok=True)
    masks = []
    for path, target in zip(options.images, targets, strict=True):
        prediction = engine.predict(checkpoint.weights_path, checkpoint.sidecar, open_image(path))
        write_atomically(target, mask_png(prediction.mask, checkpoint.sidecar["classes"]))
        print(f"{target}  {prediction.milliseconds:.0f} ms")
        masks.append(
            {
                "image": str(path),
                "mask": str(target),
                "milliseconds": prediction.milliseconds,
                "runtime": prediction.runtime,
                "precision": prediction.precision,
            }
        )
    return {"key": checkpoint.sidecar["key"], "masks": masks}

"""The command line: list, train, evaluate, predict. `--json` prints one object as the last line."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models_zoo.catalogue import VARIANTS, catalogue
from models_zoo.files import write_atomically
from models_zoo.images import open_image
from models_zoo.masks import mask_png
from models_zoo.training.config import PRECISIONS, TrainConfig, with_settings
from models_zoo.weights import resolve

Command = Callable[[argparse.Namespace], dict[str, Any]]

WARM_BYTES = 2 << 30
STOPPED_CODE = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code is 0, 2 for input that does not fit, 3 after SIGTERM."""
    options = _parser().parse_args(arguments)
    try:
        result = options.run(options)
    except (ValueError, OSError) as error:
        print(f"models_zoo: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result))
    return STOPPED_CODE if result.get("stopped") else 0


def _list(options: argparse.Namespace) -> dict[str, Any]:
    for architecture in catalogue().values():
        print(f"{architecture.key:20} {architecture.year}  {architecture.title}")
        print(f"{'':26}{architecture.idea}")
    return {
        "architectures": [
            {"key": a.key, "title": a.title, "paper": a.paper, "year": a.year, "idea": a.idea}
            for a in catalogue().values()
        ]
    }


def _train(options: argparse.Namespace) -> dict[str, Any]:
    from models_zoo.training.loop import Stopped
    from models_zoo.training.run import train

    config = TrainConfig(
        arch=options.arch,
        variant=options.variant,
        data=options.data,
        epochs=options.epochs,
        seed=options.seed,
    )
    config = with_settings(config, options.set)
    try:
        sidecar = train(config, options.out, resume=options.resume)
    except Stopped:
        print(f"Stopped; go on with --resume --out {options.out}")
        return {"stopped": True}
    result = sidecar["scores"][0]
    print(f"{sidecar['key']}: mIoU {result['miou']:.4f} on {result['split']} (fp32)")
    return {"key": sidecar["key"], **result}


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    from models_zoo.data import open_dataset
    from models_zoo.engine import Engine
    from models_zoo.training.validation import evaluate

    checkpoint = resolve(options.checkpoint)
    dataset = open_dataset(options.data, options.split)
    engine = Engine(WARM_BYTES, precision=options.precision)
    result = evaluate(engine, checkpoint.weights_path, checkpoint.sidecar, dataset)
    for entry, iou in zip(dataset.classes, result["per_class_iou"], strict=True):
        print(f"{entry['name']:20} {'absent' if iou is None else f'{iou:.4f}'}")
    print(f"mIoU {result['miou']:.4f} over {result['classes_counted']} classes, {engine.precision}")
    return {"key": checkpoint.sidecar["key"], **result}


def _predict(options: argparse.Namespace) -> dict[str, Any]:
    from models_zoo.engine import Engine

    checkpoint = resolve(options.checkpoint)
    targets = _mask_paths(options.images, options.out)
    engine = Engine(WARM_BYTES)
    options.out.mkdir(parents=True, exist_ok=True)
    masks = []
    for path, target in zip(options.images, targets, strict=True):
        prediction = engine.predict(checkpoint.weights_path, checkpoint.sidecar, open_image(path))
        write_atomically(target, mask_png(prediction.mask, checkpoint.sidecar["classes"]))
        print(f"{target}  {prediction.milliseconds:.0f} ms")
        masks.append(
            {"image": str(path), "mask": str(target), "milliseconds": prediction.milliseconds}
        )
    return {"key": checkpoint.sidecar["key"], "masks": masks}


def _mask_paths(images: list[Path], out: Path) -> list[Path]:
    """Where each image's mask goes. ValueError when two share a place or an image lies there."""
    targets = [out / f"{image.stem}.png" for image in images]
    uses, originals = Counter(targets), {image.resolve() for image in images}
    for image, target in zip(images, targets, strict=True):
        if uses[target] > 1:
            raise ValueError(
                f"Several images are called {image.stem}: all their masks would be {target}."
            )
        if target.resolve() in originals:
            raise ValueError(f"The mask of {image} would overwrite an image; choose another --out.")
    return targets


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="models_zoo", description="The networks from FCN to DeepLab v3."
    )
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="one JSON object as the last line")
        added.set_defaults(run=run)
        return added

    command("list", _list, "The architectures that exist.")
    train = command("train", _train, "Train a network.")
    train.add_argument("--arch", required=True)
    train.add_argument("--variant", choices=VARIANTS, default="slim")
    train.add_argument("--data", required=True, help="such as camvid:PATH")
    train.add_argument("--epochs", type=int, default=30)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    train.add_argument("--resume", action="store_true")
    evaluate = command("evaluate", _evaluate, "Score a checkpoint on a split.")
    evaluate.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    evaluate.add_argument("--data", required=True)
    evaluate.add_argument("--split", default="test")
    evaluate.add_argument("--precision", choices=PRECISIONS, default="fp32")
    predict = command("predict", _predict, "Write the masks of images.")
    predict.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    predict.add_argument("--out", type=Path, required=True)
    return parser

"""evaluate: the scores of a checkpoint, or of masks from elsewhere, on a split."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.predict.elsewhere import masks_score
from models_zoo.predict.scoring import SplitScores
from models_zoo.training.config import CHOICES

HELP = "Score a checkpoint on a split."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument("--checkpoint", help="a file or a shipped key")
    scored.add_argument(
        "--masks", type=Path, help="a zip or folder of PNGs of class ids, called as their images"
    )
    parser.add_argument("--data", required=True, help="scenes, or such as camvid:PATH")
    parser.add_argument("--split", default="test", help="test unless given")
    # Published figures should not depend on the processor; auto gives the API's scores.
    parser.add_argument(
        "--precision", choices=CHOICES["precision"], default="fp32", help="fp32 unless given"
    )
    parser.add_argument("--out", type=Path, help="a JSON file for scores and counts of each image")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Scores a checkpoint, or masks."""
    checkpoint = resolve(options.checkpoint) if options.checkpoint else None
    dataset = open_dataset(options.data, options.split)
    if checkpoint is None:
        key, evaluation = options.masks.stem, masks_score(options.masks, dataset)
    else:
        key = checkpoint.sidecar["key"]
        evaluation = _of_checkpoint(checkpoint, options.precision, dataset)
    result = evaluation.scores
    if options.out:
        evaluation.write(options.out, key=key)
    for entry, iou in zip(dataset.classes, result["per_class_iou"], strict=True):
        print(f"{entry['name']:20} {_fraction(iou)}")
    for name in ("image_miou", "worst_tenth", "boundary_iou", "boundary_f1"):
        print(f"{name:20} {_fraction(result[name])}")
    for failure, entry in result.get("diagnosis", {}).items():
        print(f"{failure:20} {_fraction(entry['value'])}  ({entry['objects']} objects)")
    print(
        f"mIoU {_fraction(result['miou'])} over {result['classes_counted']} classes, "
        f"{result['images']} images, {result['passport']['precision']}"
    )
    return {"key": key, **result}


def _of_checkpoint(
    checkpoint: CheckpointFiles, precision: str, dataset: DatasetSplit
) -> SplitScores:
    from models_zoo.predict.engine import Engine
    from models_zoo.predict.evaluation import evaluate as evaluate_checkpoint

    engine = Engine(precision=precision)
    return evaluate_checkpoint(engine, checkpoint.weights_path, checkpoint.sidecar, dataset)


def _fraction(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4f}"

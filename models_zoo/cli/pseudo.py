"""pseudo: images labelled by a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.data import open_dataset

HELP = "Label images by a checkpoint."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("--data", required=True, help="scenes, or such as camvid:PATH")
    parser.add_argument("--split", default="test", help="test unless given")
    parser.add_argument("--threshold", default="0.9", help="for all, and by class: 0.9,car=0.8")
    parser.add_argument("--out", type=Path, required=True, help="a folder for images and labels")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Labels images by a checkpoint."""
    from models_zoo.predict.engine import Engine
    from models_zoo.predict.pseudo import pseudo_label, thresholds_parse

    checkpoint = resolve(options.checkpoint)
    names = [entry["name"] for entry in checkpoint.sidecar["classes"]]
    provenance = pseudo_label(
        Engine(),
        checkpoint.weights_path,
        checkpoint.sidecar,
        open_dataset(options.data, options.split),
        thresholds=thresholds_parse(options.threshold, names),
        out=options.out,
    )
    print(f"{provenance['images']} images, {provenance['kept_share']:.1%} of their pixels labelled")
    print(f"Mix them in with --set pseudo=folder:{options.out}")
    return provenance

"""describe: figures, data paths and pictures of architectures, for the pages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.networks.catalogue import catalogue, published
from models_zoo.study.descriptions import FOLDER as DESCRIPTIONS

HELP = "Write what the pages show of architectures, and the story's figures."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("keys", nargs="*", metavar="KEY", help="all, and the figures, unless named")
    parser.add_argument(
        "--out", type=Path, default=DESCRIPTIONS, help="a folder; the pages' own unless given"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Writes figures, data paths and pictures of architectures, for the pages."""
    from models_zoo.study.describe import describe_write
    from models_zoo.study.grids import grids_write

    keys = options.keys or [*catalogue(), *published()]
    options.out.mkdir(parents=True, exist_ok=True)
    for key in keys:
        describe_write(key, options.out)
        print(options.out / f"{key}.json")
    if not options.keys:
        print(grids_write(options.out))
    return {"described": keys}

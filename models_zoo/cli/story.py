"""story: the shipped checkpoints of a data set, measured alike, for the pages."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import shipped
from models_zoo.data import open_dataset
from models_zoo.files import write_atomically
from models_zoo.networks.catalogue import place
from models_zoo.study.stories import FOLDER as STORIES
from models_zoo.study.stories import story_read

HELP = "Measure the shipped checkpoints of a data set alike."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--data", required=True, help="scenes, or camvid:PATH")
    parser.add_argument("--split", default="test", help="test unless given")
    parser.add_argument("--out", type=Path, default=STORIES, help="a folder")
    parser.add_argument("--also", type=Path, nargs="+", default=[], help="weights not shipped")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures the shipped checkpoints of a data set, in the order of the lineage."""
    from models_zoo.study.showcase import masks_show
    from models_zoo.study.story import story_tell

    dataset = open_dataset(options.data, options.split)
    checkpoints = [item for item in shipped() if item.slug == dataset.slug]
    checkpoints += [resolve(str(path)) for path in options.also]
    checkpoints.sort(key=lambda item: place(item.architecture))
    options.out.mkdir(parents=True, exist_ok=True)
    before = story_read(dataset.slug, options.out)
    result = story_tell(checkpoints, dataset, before=before, say=print)
    if dataset.samples:
        result["masks"] = masks_show(checkpoints, dataset, options.out)
    path = options.out / f"{dataset.slug}.json"
    write_atomically(path, json.dumps(result, separators=(",", ":")).encode() + b"\n")
    print(path)
    return result

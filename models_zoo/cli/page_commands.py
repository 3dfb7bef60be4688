"""The commands that compute what the pages show: descriptions, the lineage in numbers, cards.

Nothing here imports torch before a command needs it.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import shipped
from models_zoo.data import open_dataset
from models_zoo.files import write_atomically
from models_zoo.networks.catalogue import catalogue, place, published
from models_zoo.study.cards import cards_text
from models_zoo.study.stories import picture_path, story_read


def describe(options: argparse.Namespace) -> dict[str, Any]:
    """Writes figures, data paths and pictures of architectures, for the pages."""
    from models_zoo.study.describe import describe_write

    keys = options.keys or [*catalogue(), *published()]
    options.out.mkdir(parents=True, exist_ok=True)
    for key in keys:
        describe_write(key, options.out)
        print(options.out / f"{key}.json")
    return {"described": keys}


def story(options: argparse.Namespace) -> dict[str, Any]:
    """Measures the shipped checkpoints of a data set, in the order of the lineage."""
    from models_zoo.study.showcase import samples_show
    from models_zoo.study.story import story_tell

    dataset = open_dataset(options.data, options.split)
    found = [item for item in shipped() if item.slug == dataset.slug]
    found += [resolve(str(path)) for path in options.also]
    found.sort(key=lambda item: place(item.architecture))
    options.out.mkdir(parents=True, exist_ok=True)
    result = story_tell(found, dataset, before=story_read(dataset.slug, options.out), say=print)
    if dataset.samples:
        result["samples"] = samples_show(
            found,
            dataset,
            lambda failure, which: picture_path(dataset.slug, failure, which, options.out),
        )
    path = options.out / f"{dataset.slug}.json"
    write_atomically(path, json.dumps(result, separators=(",", ":")).encode() + b"\n")
    print(path)
    return result


def cards(options: argparse.Namespace) -> dict[str, Any]:
    """Writes the model cards."""
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, cards_text().encode())
    print(options.out)
    return {"written": str(options.out)}

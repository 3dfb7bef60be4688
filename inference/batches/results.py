"""What a batch found, to take away: a zip of masks with a table, or a labelling tool's file."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from inference.batches.tiles import Tile
from inference.images.coco import categories, coco_annotations
from inference.images.masks import mask_read
from inference.models import Prediction
from models_zoo.data.labelling.export import EXPORTS
from models_zoo.metrics.table import IMAGE_SCORES
from segweb.http.csv import csv_lines
from segweb.sentences import told

IN_MEMORY = 8 * 2**20  # bytes of a zip before it goes to disk
COLUMNS = (
    "image",
    "mask",
    "model",
    "state",
    "width",
    "height",
    "latency_ms",
    *(metric.name for metric in IMAGE_SCORES),
    "disagreement_bits",
    "error",
)


def results_zip(tiles: list[Tile]) -> IO[bytes]:
    """masks/MODEL/NN-NAME.png of every mask that is there, and results.csv about all images."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (the caller reads it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNGs do not shrink
        for tile in tiles:
            for prediction in _predictions(tile):
                if prediction.mask:
                    with prediction.mask.open() as mask:
                        archive.writestr(_mask_path(tile, prediction), mask.read())
        archive.writestr("results.csv", "".join(csv_lines(_rows(tiles), COLUMNS)))
    file.seek(0)
    return file


def results_coco(tiles: list[Tile], model: str) -> Iterator[str]:
    """The masks of one model as a COCO data set, piece by piece: encoding takes its time."""
    shown = _masked(tiles, model)
    images = [
        {
            "id": tile.item.position + 1,
            "file_name": tile.item.name,
            "width": tile.comparison.image.width,
            "height": tile.comparison.image.height,
        }
        for tile, _ in shown
    ]
    classes = shown[0][1].checkpoint.classes if shown else []
    yield f'{{"images": {json.dumps(images)}, "categories": {json.dumps(categories(classes))}, '
    yield '"annotations": ['
    # Annotations are numbered through the whole file: in COCO an id is met once.
    number = 1
    for tile, prediction in shown:
        regions = coco_annotations(
            mask_read(prediction.mask), image_id=tile.item.position + 1, first=number
        )
        yield ("" if number == 1 else ", ") + json.dumps(regions)[1:-1]
        number += len(regions)
    yield "]}"


def results_export(tiles: list[Tile], model: str, form: str) -> Iterator[bytes]:
    """The masks of one model as a labelling tool takes them in, piece by piece."""
    shown = _masked(tiles, model)
    classes = shown[0][1].checkpoint.classes if shown else []
    met = Counter(_stem(tile.item.name) for tile, _ in shown)
    masks = (
        (
            # By its name a tool knows the image; only one of several needs its number before it.
            f"{tile.item.position + 1:02d}-" * (met[_stem(tile.item.name)] > 1) + tile.item.name,
            mask_read(prediction.mask),
        )
        for tile, prediction in shown
    )
    return EXPORTS[form].pieces(masks, classes, model)


def _masked(tiles: list[Tile], model: str) -> list[tuple[Tile, Prediction]]:
    """The images of which a model's mask is there."""
    return [
        (tile, prediction)
        for tile in tiles
        for prediction in _predictions(tile)
        if prediction.mask and prediction.checkpoint.key == model
    ]


def _rows(tiles: list[Tile]) -> Iterator[dict[str, Any]]:
    for tile in tiles:
        image = {"image": tile.item.name, "disagreement_bits": tile.disagreement}
        # A file that waits, or cannot be read, has a line too, which says so.
        if tile.comparison is None:
            yield image | {"state": tile.state, "error": told(tile.error)}
        for prediction in _predictions(tile):
            scores = prediction.scores or {}
            yield image | {
                "mask": _mask_path(tile, prediction) if prediction.mask else "",
                "model": prediction.checkpoint.key,
                "state": prediction.state,
                "width": tile.comparison.image.width,
                "height": tile.comparison.image.height,
                "latency_ms": prediction.latency_ms,
                **{metric.name: scores.get(metric.name) for metric in IMAGE_SCORES},
                "error": told(prediction.error) if prediction.error else "",
            }


def _predictions(tile: Tile) -> list[Prediction]:
    return list(tile.comparison.predictions.all()) if tile.comparison else []


def _mask_path(tile: Tile, prediction: Prediction) -> str:
    """Names are the uploader's and need not differ: the image's number comes first."""
    stem = _stem(tile.item.name)
    return f"masks/{prediction.checkpoint.key}/{tile.item.position + 1:02d}-{stem}.png"


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name or "image"

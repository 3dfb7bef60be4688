"""A batch as its page and the API show it: how far it is, and its images, worst first."""

from __future__ import annotations

import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from experiments.models import Checkpoint
from inference.models import Batch, BatchItem, Comparison, Prediction
from segweb.jobs import State

K = TypeVar("K", bound=Hashable)
SORTS = {
    "disagreement": _("Most disagreement first"),
    "score": _("Lowest score first"),
    "upload": _("As uploaded"),
}


@dataclass(frozen=True)
class Tile:
    """One image of a batch: where it stands, and what is known of it.

    `disagreement`: the mean over pixels of the masks' vote entropy, in bits. `miou`: the mean over
    models of the mIoU, a fraction.
    """

    item: BatchItem
    comparison: Comparison | None
    disagreement: float | None
    miou: float | None

    @property
    def error(self) -> str:
        """What is wrong with the file."""
        return self.item.error

    @property
    def state(self) -> State:
        """The item's until it is unpacked, then its comparison's."""
        return self.comparison.state if self.comparison else State(self.item.state)


@dataclass(frozen=True)
class Progress:
    """How many masks of how many have ended, `failed` ones among them.

    `refused` counts images that could not be read.
    """

    images: int
    refused: int
    failed: int
    masks: int
    masks_expected: int
    ended: bool

    @property
    def look(self) -> str:
        """Names what the page shows: the same look, the same page."""
        return f"{self.images}-{self.refused}-{self.masks}-{int(self.ended)}"


@dataclass(frozen=True)
class ModelLine:
    """One model over a batch's images.

    `miou`: the mean over the `scored` images for which every model that scores at all has a score,
    else means were of different images; None of one without. `best`: on how many of them no model
    scores higher.
    `milliseconds`: the median of its predictions.
    """

    checkpoint: Checkpoint
    masks: int
    failed: int
    scored: int
    miou: float | None
    best: int
    milliseconds: float | None


def batch_tiles(batch: Batch, *, sort: str = "") -> list[Tile]:
    """The images of a batch, by one of SORTS; by score where there are true masks, if not said."""
    items = batch.items.select_related(
        "comparison__image__mask_dataset", "comparison__batch"
    ).prefetch_related("comparison__predictions__checkpoint__dataset")
    tiles = []
    for item in items:
        comparison, agreement, mious = item.comparison, None, []
        if comparison is not None:
            agreement = comparison.agreement
            scores = [prediction.scores or {} for prediction in comparison.predictions.all()]
            mious = [of_model["miou"] for of_model in scores if of_model.get("miou") is not None]
        disagreement = agreement["entropy_mean"] if agreement else None
        miou = sum(mious) / len(mious) if mious else None
        tiles.append(Tile(item, comparison, disagreement, miou))
    sort = sort_of(tiles, sort)
    if sort == "score":
        # What is not known yet comes last: it is not the worst.
        tiles.sort(key=lambda tile: (tile.miou is None, tile.miou))
    elif sort == "disagreement":
        tiles.sort(key=lambda tile: (tile.disagreement is None, -(tile.disagreement or 0)))
    return tiles


def batch_models(tiles: list[Tile]) -> list[ModelLine]:
    """What each model did, the highest score first; in the batch's order without scores."""
    compared = [
        list(tile.comparison.predictions.all()) for tile in tiles if tile.comparison is not None
    ]
    by_key: dict[str, list[Prediction]] = {}
    for predictions in compared:
        for prediction in predictions:
            by_key.setdefault(prediction.checkpoint.key, []).append(prediction)
    mious = [
        {p.checkpoint.key: (p.scores or {}).get("miou") for p in predictions}
        for predictions in compared
    ]
    told, scored = commonly_scored(mious)
    lines = []
    for key, predictions in by_key.items():
        took = [p.latency_ms for p in predictions if p.latency_ms is not None]
        line = ModelLine(
            checkpoint=predictions[0].checkpoint,
            masks=sum(bool(p.mask) for p in predictions),
            failed=sum(p.ended and not p.mask for p in predictions),
            scored=len(scored),
            miou=statistics.fmean(of[key] for of in scored) if scored and key in told else None,
            best=sum(of[key] >= max(of[one] for one in told) for of in scored if key in told),
            milliseconds=statistics.median(took) if took else None,
        )
        lines.append(line)
    return sorted(lines, key=lambda line: -(line.miou or 0))


def commonly_scored(mious: Sequence[Mapping[K, float | None]]) -> tuple[set[K], list[Any]]:
    """Which models score at all, and of the images' scores by model those that have all of these.

    Means over other images than the next model's would not be comparable.
    """
    told = {key for of in mious for key, miou in of.items() if miou is not None}
    return told, [of for of in mious if told and all(of.get(key) is not None for key in told)]


def sort_of(tiles: list[Tile], sort: str) -> str:
    """One of SORTS: what was asked for, or what the tiles have."""
    if sort in SORTS:
        return sort
    return "score" if any(tile.miou is not None for tile in tiles) else "disagreement"


def sorts_of(tiles: list[Tile]) -> dict[str, str]:
    """The SORTS that say something about these tiles: without a true mask there is no score."""
    scored = any(tile.miou is not None for tile in tiles)
    return {key: str(title) for key, title in SORTS.items() if scored or key != "score"}


def batch_progress(batch: Batch, tiles: list[Tile]) -> Progress:
    """How far a batch is."""
    predictions = [
        p for tile in tiles if tile.comparison for p in tile.comparison.predictions.all()
    ]
    refused = sum(tile.comparison is None and tile.item.ended for tile in tiles)
    return Progress(
        images=len(tiles),
        refused=refused,
        failed=sum(prediction.ended and not prediction.mask for prediction in predictions),
        # Ended, not DONE: nobody waits for one that failed.
        masks=sum(prediction.ended for prediction in predictions),
        # Not the predictions there are: a file that waits for unpacking has none yet.
        masks_expected=(len(tiles) - refused) * len(batch.model_keys),
        ended=all(tile.item.ended for tile in tiles) and all(p.ended for p in predictions),
    )

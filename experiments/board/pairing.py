"""Which runs can be told apart: by their best weights' counts on the same images; else why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from experiments.models import Checkpoint, Evaluation, ImageCounts, Kind, Run
from experiments.scores.results import counts_of
from experiments.scores.statistics import PairedDifference, paired_bootstrap
from models_zoo.data import DatasetSplit
from models_zoo.data.formats import formats


class Obstacle(Enum):
    """Why two runs cannot be paired."""

    ELSEWHERE = "elsewhere"  # the weights are not here
    UNSCORED = "unscored"
    UNLIKE = "unlike"  # other images, or in another way
    UNCOUNTED = "uncounted"  # no counts of single images


@dataclass(frozen=True)
class Scored:
    """A run with the evaluations of its best weights; `counted` are those with each image's counts.

    `checkpoint` is None where there are no weights.
    """

    run: Run
    checkpoint: Checkpoint | None
    evaluations: Sequence[Evaluation]
    counted: frozenset[int]

    @property
    def alone(self) -> Obstacle | None:
        """What stands in its way with any other run; None where nothing does."""
        if self.evaluations:
            return None if self.counted else Obstacle.UNCOUNTED
        return Obstacle.ELSEWHERE if self.run.kind == Kind.EXTERNAL else Obstacle.UNSCORED


@dataclass(frozen=True)
class Pair:
    """Two runs: the evaluations that can be paired, image by image, or the obstacle."""

    first: Scored
    second: Scored
    evaluations: tuple[Evaluation, Evaluation] | None
    obstacle: Obstacle | None

    @property
    def reason(self) -> str:
        """The obstacle by name, for a page; "" where there is none."""
        return self.obstacle.value if self.obstacle else ""

    @property
    def images(self) -> int | None:
        """How many images the pair is told by."""
        return self.evaluations[0].images if self.evaluations else None


def runs_scored(runs: Iterable[Run]) -> dict[int, Scored]:
    """Each run with its scores, in three queries."""
    runs = list(runs)
    checkpoints = Checkpoint.objects.filter(run__in=runs, superseded_at=None).with_scores()
    latest = {checkpoint.run_id: checkpoint for checkpoint in checkpoints.order_by("id")}
    kept = ImageCounts.objects.filter(evaluation__checkpoint__in=latest.values())
    counted = frozenset(kept.values_list("evaluation", flat=True))
    scored = {}
    for run in runs:
        checkpoint = latest.get(run.pk)
        rows = list(checkpoint.evaluations.all()) if checkpoint else []
        scored[run.pk] = Scored(run, checkpoint, rows, counted & {row.pk for row in rows})
    return scored


def pair_of(first: Scored, second: Scored) -> Pair:
    """Whether two runs can be paired: on test where both were counted there."""
    common = [
        (one, two)
        for one in first.evaluations
        for two in second.evaluations
        if comparable(one, two)
    ]
    both = [(a, b) for a, b in common if a.pk in first.counted and b.pk in second.counted]
    if both:
        # Sorted stably: test first.
        return Pair(first, second, sorted(both, key=lambda pair: pair[0].split != "test")[0], None)
    if common:
        return Pair(first, second, None, Obstacle.UNCOUNTED)
    alone = next((one.alone for one in (first, second) if not one.evaluations), Obstacle.UNLIKE)
    return Pair(first, second, None, alone)


def comparable(first: Evaluation, second: Evaluation) -> bool:
    """Whether two scores may stand beside each other."""
    return (first.split, first.split_hash, first.protocol_hash) == (
        second.split,
        second.split_hash,
        second.protocol_hash,
    )


def paired(pair: Pair) -> PairedDifference | None:
    """What the bootstrap says of a pair; None where it cannot say anything."""
    if pair.evaluations is None or pair.first.checkpoint is None:
        return None
    one, two = map(counts_of, pair.evaluations)
    if one is None or two is None or one[0] != two[0]:
        return None
    slug = pair.first.checkpoint.dataset.slug
    kinds = (kind for kind in formats().values() if getattr(kind, "slug", "") == slug)
    try:
        blocks = next(kinds, DatasetSplit).blocks_of(one[0])
        return paired_bootstrap(one[1], two[1], blocks=blocks)
    except ValueError:
        # Images of the same names, but with other truths.
        return None

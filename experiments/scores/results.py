"""What a run has brought: its checkpoints with their scores, and its images, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.files.storage import default_storage

from experiments.models import Evaluation, ImageCounts, Run
from experiments.scores.statistics import Counts
from models_zoo.files import short_name

WORST = 30  # images that the page lists


@dataclass(frozen=True)
class ImageScore:
    """One image of a split: its mIoU over its own classes, and whether its mask is kept."""

    name: str
    miou: float
    kept: bool

    @property
    def photo(self) -> str:
        """The image's name in the run's folder."""
        return f"images/{short_name(self.name)}.jpg"

    @property
    def truth(self) -> str:
        """The true mask's name in the run's folder."""
        return f"truth/{short_name(self.name)}.png"

    @property
    def mask(self) -> str:
        """The name of the network's mask in the run's folder."""
        return f"masks/{short_name(self.name)}.png"


def run_results(run: Run) -> dict[str, Any]:
    """Checkpoints, attempts, and the worst images of the best weights' evaluation."""
    checkpoints = list(run.checkpoints.with_scores().order_by("-id"))
    checkpoint = next((c for c in checkpoints if c.superseded_at is None), None)
    evaluation = checkpoint.evaluation if checkpoint else None
    return {
        "checkpoints": checkpoints,
        "evaluation": evaluation,
        "worst": worst_images(run, evaluation) if evaluation else [],
        "attempts": list(run.attempts.all()),
    }


def counts_of(evaluation: Evaluation) -> tuple[list[str], Counts] | None:
    """The names of an evaluation's images and their counts; None where they were not kept."""
    kept = ImageCounts.objects.filter(evaluation=evaluation).first()
    if kept is None:
        return None
    hits, truth, predicted = np.moveaxis(kept.table, 1, 0)
    return kept.names, Counts(hits, truth, predicted)


def worst_images(run: Run, evaluation: Evaluation) -> list[ImageScore]:
    """The at most thirty images with the lowest mIoU, worst first; [] without their counts."""
    kept = counts_of(evaluation)
    if kept is None:
        return []
    names, counts = kept
    try:
        masks = set(default_storage.listdir(f"{run.folder}/masks")[1])
    except FileNotFoundError:
        masks = set()
    miou = counts.image_miou
    order = [n for n in np.argsort(miou) if not np.isnan(miou[n])][:WORST]
    return [
        ImageScore(names[n], float(miou[n]), f"{short_name(names[n])}.png" in masks) for n in order
    ]

"""What the inference worker does for an ensemble: its mask, and what each member is worth to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from inference.images.masks import mask_read
from inference.images.truths import mask_scores, true_mask
from inference.models import Ensemble, Prediction
from inference.worker import warm
from inference.worker.weights import checkpoint_weights
from models_zoo.masks import mask_png
from models_zoo.metrics import confusion, scores
from segweb.jobs import Lease


def combine(ensemble: Ensemble, lease: Lease) -> dict[str, Any]:
    """The fields that an ensemble gains by being carried out."""
    # At first use: it brings torch along, which no web process may load.
    from models_zoo.predict.ensembling import combined_blocks

    image = ensemble.comparison.image
    predictions = ensemble.comparison.predictions.select_related("checkpoint")
    by_id = {str(prediction.pk): prediction for prediction in predictions}
    members = [by_id[entry["id"]] for entry in ensemble.members]
    weights = [entry["weight"] for entry in ensemble.members]
    # The true mask is read by a member of its data set, where there is one; all have its classes.
    by_truth = [m for m in members if m.checkpoint.dataset_id == image.mask_dataset_id]
    judge = (by_truth or members)[0].checkpoint
    truth, classes = true_mask(image, judge), judge.classes
    ignored = image.mask_dataset.ignore_index if image.mask_dataset else None
    pixels = np.asarray(warm.picture_of(image))
    mask = np.zeros(pixels.shape[:2], np.uint8)
    without = np.zeros((len(members), len(classes), len(classes)), np.int64)
    for rows, columns, ids, others in combined_blocks(
        warm.engine(),
        [checkpoint_weights(checkpoint=member.checkpoint) for member in members],
        pixels,
        shares=weights,
        combine=ensemble.combine,
        scale=ensemble.comparison.scale,
    ):
        mask[rows, columns] = ids
        if truth is not None:
            for counts, guess in zip(without, others, strict=True):
                counts += confusion(truth[rows, columns], guess, len(classes), ignored)
    judged = mask_scores(image, judge, mask)
    drawn = ContentFile(mask_png(mask, classes))
    return {
        "mask": default_storage.save(f"{ensemble.folder}/{lease.token}.png", drawn),
        "scores": judged,
        "members": [
            entry
            | _changes(mask, member, truth, ignored)
            # Without a member that has all of the weight nothing is left to score.
            | {"marginal": _marginal(judged, counts) if sum(weights) > entry["weight"] else None}
            for entry, member, counts in zip(ensemble.members, members, without, strict=True)
        ],
    }


def _changes(
    mask: np.ndarray, member: Prediction, truth: np.ndarray | None, ignored: int | None
) -> dict[str, int | None]:
    """Pixels that the ensemble changes of a member's mask, for better and for worse."""
    own = mask_read(member.mask)
    changed = mask != own
    changes: dict[str, int | None] = {
        "changed": int(np.count_nonzero(changed)),
        "better": None,
        "worse": None,
    }
    if truth is not None:
        counted = changed if ignored is None else changed & (truth != ignored)
        changes["better"] = int(np.count_nonzero(counted & (mask == truth)))
        changes["worse"] = int(np.count_nonzero(counted & (own == truth)))
    return changes


def _marginal(judged: dict[str, Any] | None, without: np.ndarray) -> float | None:
    """By how much the mIoU is higher than without the member; None without a truth."""
    if judged is None or judged["miou"] is None:
        return None
    return judged["miou"] - scores(without)["miou"]

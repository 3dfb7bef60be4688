"""What people do with comparisons, beside making them: settle, share, delete."""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO

from django.core.cache import cache
from django.db import transaction

from experiments.models import Dataset
from inference.compare.agreement import comparison_agreement
from inference.images.masks import mask_read
from inference.images.services import image_truth_adding, images_release
from inference.images.truths import mask_scores, truth_fits
from inference.models import Comparison, Ensemble, Image, Prediction, Scoring
from inference.pace import next_turn
from inference.sharing.services import link_make, link_revoke
from segweb.audit import act_record
from segweb.jobs import State, wakeups
from segweb.models import Act


def comparison_settle(*, comparison: Comparison) -> dict[str, Any]:
    """Where the predictions of a comparison agree; kept once all have ended, as masks stay."""
    if not comparison_settled(comparison):
        predictions = comparison.predictions.all()
        done = sorted(str(prediction.pk) for prediction in predictions if prediction.mask)
        named = hashlib.sha256(" ".join(done).encode()).hexdigest()
        # Polled while predictions arrive: of seven masks it takes seconds, so once for each set.
        agreement = cache.get_or_set(f"agreement:{named}", lambda: comparison_agreement(comparison))
        if not comparison.ended:
            return agreement
        # Worker and request may settle at once, and find the same.
        Comparison.objects.filter(pk=comparison.pk).update(agreement=agreement)
        comparison.agreement = agreement
    return comparison.agreement


def comparison_settled(comparison: Comparison) -> bool:
    """Whether its agreement is kept; what earlier versions kept lacks the disputed classes."""
    kept = comparison.agreement
    return kept is not None and all("disputed" in group for group in kept["groups"])


def comparison_truth_add(
    *, comparison: Comparison, mask: BinaryIO, mask_dataset: Dataset | None
) -> Scoring:
    """Give the image the true mask that it came without, and have what is there scored by it.

    ValidationError with a sentence for the user.
    """
    image = comparison.image
    with image_truth_adding(image=image, mask=mask, mask_dataset=mask_dataset):
        turn = next_turn(owner=image.owner, visitor=image.visitor)
        scoring = Scoring.objects.create(image=image, queued_at=turn)
        # They were combined without a truth to be better than: whoever asks again has them scored.
        for ensemble in Ensemble.objects.filter(comparison__image=image, scores=None):
            ensemble.delete()
        wakeups.send_on_commit(scoring)
    return scoring


def scores_lacking(*, image: Image) -> list[Prediction]:
    """The predictions of an image that its true mask could score and has not yet."""
    done = Prediction.objects.filter(comparison__image=image, state=State.DONE, scores__isnull=True)
    rows = done.exclude(mask="").select_related("checkpoint")
    return [row for row in rows if truth_fits(image, row.checkpoint)]


def predictions_score(*, image: Image) -> None:
    """Score what the image's true mask came too late for; twice is as once."""
    for prediction in scores_lacking(image=image):
        found = mask_scores(image, prediction.checkpoint, mask_read(prediction.mask))
        Prediction.objects.filter(pk=prediction.pk).update(scores=found)


def comparison_share(*, comparison: Comparison) -> str:
    """The token of the comparison's share link, made at the first call."""
    return link_make(shared=comparison)


def comparison_unshare(*, comparison: Comparison) -> None:
    """Revoke the share link; a later one has another token."""
    link_revoke(shared=comparison)


def comparison_delete(*, comparison: Comparison, compared_stay: bool = False) -> None:
    """Delete a comparison with its masks; its image goes as `images_release` says."""
    with transaction.atomic():
        act_record(what=Act.What.DELETED, subject=f"comparison {comparison.pk}")
        comparison.delete()
        images_release(pks=[comparison.image_id], released=comparison, compared_stay=compared_stay)

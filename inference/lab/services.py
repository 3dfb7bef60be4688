"""What people ask for on a finished comparison: ensembles, and looks into a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from experiments.models import Checkpoint
from inference.images.classes import class_list
from inference.models import Combine, Comparison, Ensemble, InferenceJob, Inside, Owned, Prediction
from inference.pace import next_turn
from segweb.jobs import State, wakeups

Kind = TypeVar("Kind", bound=InferenceJob)
HEAVIEST = 1_000_000


def ensemble_create(
    *,
    comparison: Comparison,
    members: Sequence[UUID],
    weights: Sequence[float] | None = None,
    combine: str = Combine.MEAN,
) -> Ensemble:
    """Queue an ensemble of some of a comparison's predictions; weights are equal unless given.

    Asked for again, it is the same one, unless that failed. ValidationError says what is wrong.
    """
    weights = [1.0] * len(members) if weights is None else [float(weight) for weight in weights]
    _check_members(comparison, members)
    # NaN is within no bounds, so it is refused here too; the sum of larger ones may be infinite.
    if len(weights) != len(members) or not all(0 <= weight <= HEAVIEST for weight in weights):
        text = _("Give each member a weight from 0 to %(most)d.")
        raise ValidationError(text % {"most": HEAVIEST})
    if not sum(weights) > 0:
        raise ValidationError(_("At least one weight must be above 0."))
    # Weights of 1 and 1, and of 2 and 2, are one ensemble; so are two orders of members.
    shares = [weight / sum(weights) for weight in weights]
    listed = sorted(zip(map(str, members), shares, strict=True))
    recipe = hashlib.sha256(json.dumps([combine, listed]).encode()).hexdigest()
    return _job_ensure(
        Ensemble,
        comparison,
        {"comparison": comparison, "recipe": recipe},
        combine=combine,
        members=[
            {"id": str(member), "weight": weight}
            for member, weight in zip(members, weights, strict=True)
        ],
    )


def _check_members(comparison: Comparison, members: Sequence[UUID]) -> None:
    predictions = comparison.predictions.select_related("checkpoint").in_bulk(members)
    # Fewer rows than ids: one is a stranger's, or is named twice.
    if len(predictions) < len(members):
        raise ValidationError(_("An ensemble is made of this comparison's models, each once."))
    if len(members) < 2:
        raise ValidationError(_("An ensemble needs at least two models."))
    if any(prediction.state != State.DONE for prediction in predictions.values()):
        raise ValidationError(_("An ensemble is made of models that are done."))
    if len({class_list(prediction.checkpoint) for prediction in predictions.values()}) > 1:
        raise ValidationError(_("These models know different classes and cannot be combined."))
    _require_readable(comparison, predictions.values())


def _require_readable(comparison: Comparison, predictions: Iterable[Prediction]) -> None:
    """Masks stay that were made before a run became private; its network computes no others."""
    used = {prediction.checkpoint_id for prediction in predictions}
    readable = Checkpoint.objects.visible_to(comparison.owner).filter(pk__in=used)
    if readable.count() < len(used):
        raise ValidationError(_("This model's run is private now. The mask stays as it is."))


def inside_create(*, prediction: Prediction, x: int | None = None, y: int | None = None) -> Inside:
    """Queue a look into the network of a prediction, at a pixel of the image if that is said.

    Asked for again, it is the same one, unless that failed. ValidationError says what is wrong.
    """
    image = prediction.comparison.image
    if (x is None) != (y is None):
        raise ValidationError(_("Give both x and y, or neither."))
    if x is not None and not (0 <= x < image.width and 0 <= y < image.height):
        raise ValidationError(_("This pixel lies outside the image."))
    if prediction.state != State.DONE:
        raise ValidationError(_("This model is not done yet."))
    _require_readable(prediction.comparison, [prediction])
    if "onnx" in prediction.checkpoint.sidecar:
        raise ValidationError(
            _(
                "This network came from elsewhere as a graph: nothing says what its layers are, "
                "and no gradient leads back to its image. There is nothing to look at."
            )
        )
    place = "" if x is None else f"{x},{y}"
    identity = {"prediction": prediction, "place": place}
    return _job_ensure(Inside, prediction.comparison, identity)


def _job_ensure(model: type[Kind], owned: Owned, identity: dict[str, Any], **fields: Any) -> Kind:
    """The job that `identity` names; one that is not there yet, or ended without result, anew."""
    with transaction.atomic():
        jobs = model._default_manager
        jobs.filter(**identity, state__in=[State.FAILED, State.STOPPED, State.LOST]).delete()
        # Asked only where a job is made.
        fields["queued_at"] = partial(next_turn, owner=owned.owner, visitor=owned.visitor)
        job, created = jobs.get_or_create(**identity, defaults=fields)
        if created:
            wakeups.send_on_commit(job)
    return job

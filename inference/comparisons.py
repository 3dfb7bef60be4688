"""Making comparisons, one by one or by a batch, and whose those of a visitor become."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Checkpoint
from inference.access import VISITOR_KEY
from inference.models import Batch, Comparison, Image, Prediction, Scale
from inference.pace import next_turn
from segweb.http.idempotency import made_already, made_once, request_digest
from segweb.jobs import wakeups

Models = Sequence[str] | Literal["all"]


def comparison_create(
    *,
    image: Image,
    models: Models = "all",
    scale: str = Scale.MODEL,
    owner: User | None = None,
    visitor: str = "",
    batch: Batch | None = None,
    idempotency_key: str = "",
) -> Comparison:
    """Queue one prediction of `image` for each checkpoint key; "all" are the default data set's.

    The same request under the same `idempotency_key` gives the comparison that exists already.
    Raises ValidationError for another user's image, when a key is not on offer or none is, and
    QueueFull when too much waits.
    """
    # Whoever made the image could not take back what others made of it.
    if image.owner_id is not None and image.owner_id != (owner.pk if owner else None):
        raise ValidationError(_("There is no such image."))
    checkpoints = checkpoints_choose(models, reader=owner)
    digest = request_digest(
        caller=[owner.pk if owner else None, visitor],
        key=idempotency_key,
        request={
            "image": str(image.pk),
            # Sorted: the same models in another order are the same request.
            "models": sorted(checkpoint.key for checkpoint in checkpoints),
            "scale": scale,
        },
    )

    if made_before := made_already(Comparison, digest):
        return made_before

    def insert() -> Comparison:
        # Those of a batch wait behind everything that somebody watches, and are bounded with it.
        turn = (
            next_turn(owner=owner, visitor=visitor, more=len(checkpoints))
            if batch is None
            else timezone.now()
        )
        comparison = Comparison.objects.create(
            image=image,
            batch=batch,
            scale=scale,
            owner=owner,
            visitor=visitor,
            idempotency_key=digest,
        )
        predictions = [
            Prediction(comparison=comparison, checkpoint=checkpoint, position=position)
            for position, checkpoint in enumerate(checkpoints)
        ]
        # The quickest network first, so that there is something to look at almost at once.
        predictions.sort(key=lambda prediction: prediction.checkpoint.gmacs or math.inf)
        for place, prediction in enumerate(predictions):
            prediction.queued_at = turn + timedelta(microseconds=place)
        Prediction.objects.bulk_create(predictions)
        for prediction in predictions:
            # Before the commit a worker would find no row.
            wakeups.send_on_commit(prediction)
        return comparison

    return made_once(Comparison, digest, insert)


def checkpoints_choose(models: Models, *, reader: User | None) -> list[Checkpoint]:
    """The checkpoints asked for, in the order asked for, each once.

    Those of private runs are on offer to whoever may read the run.

    Raises ValidationError when a key is not on offer or there is none.
    """
    offered = Checkpoint.objects.offered().visible_to(reader)
    if models == "all":
        # However many these are: twelve is a limit of what pages choose by themselves.
        shipped = offered.filter(shipped=True, dataset__slug=settings.DEFAULT_DATASET)
        chosen, missing = list(shipped), []
    else:
        by_key = {checkpoint.key: checkpoint for checkpoint in offered.filter(key__in=models)}
        chosen = [by_key[key] for key in dict.fromkeys(models) if key in by_key]
        missing = [key for key in models if key not in by_key]
    if missing:
        raise ValidationError(_("Not on offer: %(keys)s.") % {"keys": ", ".join(missing)})
    if not chosen:
        raise ValidationError(_("There is no model to compare with."))
    return chosen


def visitor_becomes_owner(*, request: HttpRequest, user: User) -> None:
    """At sign-in, what this session made as a visitor becomes the account's.

    An image that somebody else has compared stays as it is: it would be gone for them.
    """
    if not (visitor := request.session.pop(VISITOR_KEY, "")):
        return
    mine, become = {"owner": None, "visitor": visitor}, {"owner": user, "visitor": ""}
    others = Comparison.objects.filter(image=OuterRef("pk")).exclude(owner=None, visitor=visitor)
    with transaction.atomic():
        Image.objects.filter(~Exists(others), **mine).update(**become)
        Comparison.objects.filter(**mine).update(**become)
        Batch.objects.filter(**mine).update(**become)

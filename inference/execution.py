"""Carrying out a prediction: what the inference worker does. Imports torch at first use."""

from __future__ import annotations

import errno
import logging
import os
import socket
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_noop
from PIL import Image as Picture

from inference.cleanup import folder_clear
from inference.models import Comparison, Prediction
from inference.services import comparison_settle
from inference.truths import mask_scores
from inference.weights import checkpoint_weights
from models_zoo.masks import mask_png
from segweb.jobs import Lease, State, job_claim, job_finish, job_heartbeats, patiently

if TYPE_CHECKING:
    from models_zoo.engine import Engine

logger = logging.getLogger(__name__)

NO_MEMORY = gettext_noop("The image is too large for the memory of the worker.")
NO_SPACE = gettext_noop("The disk is full, so the mask could not be stored.")
NO_FILE = gettext_noop("A file that the prediction needs is missing.")
NO_WEIGHTS = gettext_noop(
    "The weights of this model are downloaded at first use, and that failed. Is there a network?"
)
UNKNOWN_FAULT = gettext_noop("This model could not process the image. The log says why.")


@cache
def engine() -> Engine:
    """The one engine of this worker process, with its warm networks."""
    from models_zoo.engine import Engine

    return Engine(settings.MODEL_BUDGET_BYTES)


def prediction_execute(*, prediction_id: UUID) -> None:
    """Claim a QUEUED prediction, carry it out and end it; returns at once when there is none."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{engine().device}"
    lease = patiently(lambda: job_claim(model=Prediction, pk=prediction_id, owner=owner))
    if lease is None:
        return
    with job_heartbeats(lease=lease):
        fields = _outcome(lease)
        patiently(lambda: job_finish(lease=lease, **fields))
        _comparison_settle(lease)
    _files_tidy(lease)


def _outcome(lease: Lease) -> dict[str, Any]:
    """State and fields to end the job with; a fault of the job's own becomes a sentence."""
    parts = ("comparison__image__mask_dataset", "checkpoint")
    found = patiently(lambda: Prediction.objects.select_related(*parts).filter(pk=lease.pk).first())
    if found is None:
        return {"state": State.STOPPED}
    try:
        return {"state": State.DONE, "error": "", **_predict(found, lease)}
    except Exception as fault:
        logger.exception("Prediction %s failed.", lease.pk)
        return {"state": State.FAILED, "error": _sentence(fault)}


def _predict(prediction: Prediction, lease: Lease) -> dict[str, Any]:
    image, checkpoint = prediction.comparison.image, prediction.checkpoint
    weights, sidecar = checkpoint_weights(
        checkpoint=checkpoint,
        progress=lambda share: patiently(lambda: lease.rows.update(download=share)),
    )
    with image.file.open() as file, Picture.open(file) as picture:
        result = engine().predict(
            weights,
            sidecar,
            picture.convert("RGB"),
            scale=prediction.comparison.scale,
        )
    top3 = BytesIO()
    np.savez_compressed(top3, classes=result.top_classes, probabilities=result.top_probabilities)
    mask_name, top3_name = _file_names(prediction, lease)
    drawn = ContentFile(mask_png(result.mask, checkpoint.classes))
    height, width = result.scored_at
    return {
        "mask": default_storage.save(mask_name, drawn),
        "top3": default_storage.save(top3_name, ContentFile(top3.getvalue())),
        "latency_ms": result.milliseconds,
        "load_ms": result.load_milliseconds,
        "scored_height": height,
        "scored_width": width,
        "tiled": result.tiled,
        "memory_bytes": result.memory_bytes,
        "device": result.device,
        "precision": result.precision,
        "scores": mask_scores(image, checkpoint, result.mask),
    }


def _comparison_settle(lease: Lease) -> None:
    """After the last prediction of a comparison, see where they agree; a fault costs only that."""
    comparison = patiently(
        lambda: Comparison.objects.filter(predictions=lease.pk).select_related("image").first()
    )
    try:
        if comparison and comparison.ended:
            comparison_settle(comparison=comparison)
    except Exception:
        logger.exception("The agreement of %s could not be computed.", comparison)


def _sentence(fault: Exception) -> str:
    if type(fault).__name__ in ("MemoryError", "OutOfMemoryError") or "allocate" in str(fault):
        return NO_MEMORY
    if isinstance(fault, OSError) and fault.errno == errno.ENOSPC:
        return NO_SPACE
    if type(fault).__name__ == "WeightsUnavailable":
        return NO_WEIGHTS
    return NO_FILE if isinstance(fault, FileNotFoundError) else UNKNOWN_FAULT


def _file_names(prediction: Prediction, lease: Lease) -> tuple[str, str]:
    """Mask and top-3 file of one attempt; attempts never share a name."""
    return f"{prediction.folder}/{lease.token}.png", f"{prediction.folder}/{lease.token}.npz"


def _files_tidy(lease: Lease) -> None:
    """Leave the files that the row names; without the lease, touch none but this attempt's own."""
    row = patiently(lambda: Prediction.objects.filter(pk=lease.pk).first())
    if row and row.lease_token == lease.token and row.ended:
        folder_clear(row.folder, keep=tuple(filter(None, (row.mask.name, row.top3.name))))
        return
    for name in _file_names(Prediction(pk=lease.pk), lease):
        default_storage.delete(name)
    if row is None:
        folder_clear(Prediction(pk=lease.pk).folder)

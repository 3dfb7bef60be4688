"""Carrying out inference jobs: which comes first, under a lease, and what is left behind."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Case, QuerySet, When
from django.utils.translation import gettext_noop

from inference.batches.unpacking import unpack
from inference.compare.predicting import predict
from inference.compare.services import comparison_settle
from inference.lab.ensembling import combine
from inference.lab.looking import look
from inference.models import BatchItem, Comparison, Ensemble, InferenceJob, Inside, Prediction
from inference.worker import warm
from inference.worker.cleanup import folder_clear
from segweb.jobs import Lease, State, job_claim, job_finish, job_heartbeats, patiently

logger = logging.getLogger(__name__)

NO_MEMORY = gettext_noop("The image is too large for the memory of the worker.")
NO_SPACE = gettext_noop("The disk is full, so the mask could not be stored.")
NO_FILE = gettext_noop("A file that the prediction needs is missing.")
NO_WEIGHTS = gettext_noop(
    "The weights of this model are downloaded at first use, and that failed. Is there a network?"
)
UNKNOWN_FAULT = gettext_noop("This model could not process the image. The log says why.")

Work = Callable[[Any, Lease], dict[str, Any]]

# What is done for a job, and the rows that it needs.
WORK: dict[type[InferenceJob], tuple[Work, tuple[str, ...]]] = {
    Prediction: (predict, ("comparison__image__mask_dataset", "checkpoint")),
    Ensemble: (combine, ("comparison__image__mask_dataset",)),
    Inside: (look, ("prediction__comparison__image", "prediction__checkpoint")),
    BatchItem: (unpack, ("batch__owner", "batch__mask_dataset")),
}


def next_execute() -> None:
    """Carry out the job that should come first; returns at once when none is QUEUED."""
    while (job := patiently(_first)) and not job_execute(model=job[0], pk=job[1]):
        pass  # another worker was faster: what comes next?


def _first() -> tuple[type[InferenceJob], UUID] | None:
    """What somebody watches, longest waiting first; then what belongs to batches.

    Of those, files are unpacked before anything is predicted, and predictions go checkpoint by
    checkpoint, beginning with networks that are warm.
    """
    watched = [
        Prediction.objects.filter(comparison__batch=None),
        Ensemble.objects.all(),
        Inside.objects.all(),
    ]
    waiting = [job for jobs in watched if (job := _oldest(jobs))]
    if waiting:
        first = min(waiting, key=lambda job: job.queued_at)
    else:
        first = _oldest(BatchItem.objects.all()) or _of_batches()
    return (type(first), first.pk) if first else None


def _oldest(jobs: QuerySet[InferenceJob]) -> InferenceJob | None:
    return jobs.filter(state=State.QUEUED).order_by("queued_at").only("pk", "queued_at").first()


def _of_batches() -> Prediction | None:
    warm_first = Case(When(checkpoint__sha256__in=warm.engine().warm, then=0), default=1)
    queued = Prediction.objects.filter(state=State.QUEUED)
    return queued.order_by(warm_first, "checkpoint", "queued_at").only("pk").first()


def job_execute(*, model: type[InferenceJob], pk: UUID) -> bool:
    """Claim a QUEUED job, carry it out and end it; False when it was not there to be claimed."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{warm.engine().device}"
    lease = patiently(lambda: job_claim(model=model, pk=pk, owner=owner))
    if lease is None:
        return False
    with job_heartbeats(lease=lease):
        fields = _outcome(lease)
        patiently(lambda: job_finish(lease=lease, **fields))
        if model is Prediction:
            _comparison_settle(lease)
    _files_tidy(lease)
    return True


def _outcome(lease: Lease) -> dict[str, Any]:
    """State and fields to end the job with; a fault of the job's own becomes a sentence."""
    work, parts = WORK[lease.model]
    rows = lease.model.objects.select_related(*parts).filter(pk=lease.pk)
    found = patiently(rows.first)
    if found is None:
        return {"state": State.STOPPED}
    try:
        return {"state": State.DONE, "error": "", **work(found, lease)}
    except Exception as fault:
        if not isinstance(fault, ValidationError):  # the user's to mend
            logger.exception("%s %s failed.", lease.model.__name__, lease.pk)
        return {"state": State.FAILED, "error": _sentence(fault)}


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
    if isinstance(fault, ValidationError):
        return " ".join(fault.messages)
    if type(fault).__name__ in ("MemoryError", "OutOfMemoryError") or "allocate" in str(fault):
        return NO_MEMORY
    if isinstance(fault, OSError) and fault.errno == errno.ENOSPC:
        return NO_SPACE
    if type(fault).__name__ == "WeightsUnavailable":
        return NO_WEIGHTS
    return NO_FILE if isinstance(fault, FileNotFoundError) else UNKNOWN_FAULT


def _files_tidy(lease: Lease) -> None:
    """Leave the files that the row names; without the lease, touch none but this attempt's own.

    Attempts never share a name: each begins with its token.
    """
    row = patiently(lambda: lease.model.objects.filter(pk=lease.pk).first())
    if row is None:
        folder_clear(lease.model(pk=lease.pk).folder)
    elif row.lease_token == lease.token and row.ended:
        folder_clear(row.folder, keep=row.files)
    else:
        folder_clear(row.folder, only=lease.token)

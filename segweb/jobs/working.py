"""Working on a job: claimed, kept alive, carried out, ended and tidied up. Once for all kinds."""

from __future__ import annotations

import logging
import os
import socket
from pkgutil import resolve_name
from typing import Any

from django.core.exceptions import ValidationError

from segweb.jobs.files import folder_clear, folder_delete
from segweb.jobs.leases import (
    DATABASE_AWAY,
    LOST_ERROR,
    Lease,
    job_claim,
    job_finish,
    job_heartbeats,
    job_return,
    patiently,
)
from segweb.jobs.rows import Job, State

logger = logging.getLogger(__name__)

LONGEST_OWNER = Job._meta.get_field("lease_owner").max_length


class JobReturned(Exception):
    """Raised by work that another attempt is to go on with; parts as `job_return` takes them."""

    def __init__(self, *, tried: bool, lost: str = LOST_ERROR) -> None:
        self.tried, self.lost = tried, lost


def job_execute(*, model: type[Job], pk: Any, device: str) -> bool:
    """Claim a QUEUED job, carry it out and end it; False when it was not there to be claimed."""
    # Cut to what the column holds: a device may be the long names of eight GPUs.
    owner = f"{socket.gethostname()}:{os.getpid()}:{device}"[:LONGEST_OWNER]
    lease = patiently(lambda: job_claim(model=model, pk=pk, owner=owner))
    if lease is None:
        return False
    with job_heartbeats(lease=lease):
        job = patiently(model._default_manager.select_related(*model.needs).filter(pk=pk).first)
        if job is not None:  # else it was deleted meanwhile
            _carry_out(job, lease)
            _follow_up(job)
    _files_tidy(lease)
    return True


def _carry_out(job: Job, lease: Lease) -> None:
    """Do the work and end the job; a fault of the job's own becomes a sentence."""
    try:
        # Work is named as text and found here, so that no web process loads torch.
        fields = {"state": State.DONE, "error": "", **resolve_name(job.work)(job, lease)}
    except JobReturned as returned:
        back = {"tried": returned.tried, "lost": returned.lost}
        patiently(lambda: job_return(lease=lease, **back))
        return
    except DATABASE_AWAY:  # no fault of the job's
        logger.exception("%s %s lost the database.", job._meta.label, job.pk)
        patiently(lambda: job_return(lease=lease, tried=True))
        return
    except Exception as fault:
        # Whatever went wrong after the job was taken away or deleted is nobody's business.
        if not patiently(lease.rows.exists):
            logger.warning("%s %s is no longer ours.", job._meta.label, job.pk)
            return
        if not isinstance(fault, ValidationError):
            logger.exception("%s %s failed.", job._meta.label, job.pk)
        fields = {"state": State.FAILED, "error": job.fault_sentence(fault)}
    patiently(lambda: job_finish(lease=lease, **fields))


def _follow_up(job: Job) -> None:
    """What the kind wants done after its jobs; a fault costs only that."""
    if job.afterwards:
        try:
            resolve_name(job.afterwards)(job)
        except Exception:
            logger.exception("What follows %s %s failed.", job._meta.label, job.pk)


def _files_tidy(lease: Lease) -> None:
    """Leave the files that the row names; without the lease, touch none but this attempt's own."""
    job = patiently(lease.model._default_manager.filter(pk=lease.pk).first)
    if job is None:
        # The files went with the row, but this attempt may have written more since.
        blank = lease.model(pk=lease.pk)  # type: ignore[misc]  # every kind has a key
        folder_delete(folder=blank.folder)
    elif job.files is None:
        return
    elif job.lease_token == lease.token and job.ended:
        # Whoever ends the job also clears what killed attempts left.
        folder_clear(folder=job.folder, keep=job.files)
    else:
        folder_clear(folder=job.folder, only=lease.token)

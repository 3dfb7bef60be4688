"""Working on a job: claimed, kept alive, carried out, ended and tidied up. Once for all kinds."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pkgutil import resolve_name
from typing import Any, TypeVar

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
Fields = dict[str, Any]
Given = TypeVar("Given")
Outcome = Fields | Callable[[], Fields] | None
Aside = Callable[[Callable[[], None]], None]

LONGEST_OWNER = Job._meta.get_field("lease_owner").max_length


class JobReturned(Exception):
    """Raised by work that another attempt is to go on with; parts as `job_return` takes them."""

    def __init__(self, *, tried: bool, lost: str = LOST_ERROR) -> None:
        self.tried, self.lost = tried, lost


def at_once(rest: Callable[[], None]) -> None:
    """Runs the rest of a job's work where it is."""
    rest()


def job_execute(
    *, model: type[Job], pk: Any, device: str, token: int | None = None, aside: Aside = at_once
) -> bool:
    """Claim a QUEUED job, carry it out and end it; False when it was not there to be claimed.

    `token` is the row's `lease_token` where that is known. Work may leave a rest (see
    `Job.work`): `aside` is given that, with all that follows, and runs it now or in another thread.
    """
    # Cut to what the column holds: a device may be the long names of eight GPUs.
    owner = f"{socket.gethostname()}:{os.getpid()}:{device}"[:LONGEST_OWNER]
    lease = patiently(lambda: job_claim(model=model, pk=pk, owner=owner, token=token))
    if lease is None:
        return False
    with ExitStack() as held:
        held.enter_context(job_heartbeats(lease=lease))
        job = patiently(model._default_manager.select_related(*model.needs).filter(pk=pk).first)
        if job is not None:
            # Work is named as text and found here, so that no web process loads torch.
            outcome = _outcome(job, lease, lambda: resolve_name(job.work)(job, lease))
            # The lease goes along: hearts beat until the rest is done too.
            beating = held.pop_all()
            end = partial(_end, job, lease, outcome, beating)
            try:
                (aside if callable(outcome) else at_once)(end)
            except BaseException:
                beating.close()  # else its lease would never expire
                raise
            return True
    _files_tidy(lease)  # the job was deleted meanwhile
    return True


def _end(job: Job, lease: Lease, outcome: Outcome, beating: ExitStack) -> None:
    """Do the rest of the work if there is one, end the job, see what follows, and tidy up."""
    with beating:
        fields = _outcome(job, lease, outcome) if callable(outcome) else outcome
        if fields is not None:
            patiently(
                lambda: job_finish(lease=lease, **{"state": State.DONE, "error": "", **fields})
            )
        follow_up(job)
    _files_tidy(lease)


def follow_up(job: Job) -> None:
    """What the kind wants done after its jobs; a fault costs only that.

    Begun anew where the database went away: a kind's own is done twice as once.
    """
    if job.afterwards:
        try:
            patiently(lambda: resolve_name(job.afterwards)(job))
        except Exception:
            logger.exception("What follows %s %s failed.", job._meta.label, job.pk)


def _outcome(job: Job, lease: Lease, work: Callable[[], Given]) -> Given | Fields | None:
    """What the work gives; after a fault of the job's own the fields that tell it.

    None when this attempt ends without ending the job.
    """
    try:
        return work()
    except JobReturned as returned:
        tried, lost = returned.tried, returned.lost
        patiently(lambda: job_return(lease=lease, tried=tried, lost=lost))
    except DATABASE_AWAY:  # no fault of the job's
        logger.exception("%s %s lost the database.", job._meta.label, job.pk)
        patiently(lambda: job_return(lease=lease, tried=True))
    except Exception as fault:
        # Whatever went wrong after the job was taken away or deleted is nobody's business.
        if patiently(lease.rows.exists):
            if not isinstance(fault, ValidationError):
                logger.exception("%s %s failed.", job._meta.label, job.pk)
            return {"state": State.FAILED, "error": job.fault_sentence(fault)}
        logger.warning("%s %s is no longer ours.", job._meta.label, job.pk)
    return None


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

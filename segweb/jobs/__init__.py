"""Jobs whose truth is a database row: states, leases, fencing, and the sweeper's pass.

    QUEUED ──job_claim──▶ RUNNING ──job_finish──▶ DONE | FAILED | STOPPED
       ▲                     │
       ├──── job_return ─────┤  the worker is told to end, or lost what it had started
       └──── lease expired ──┤  attempts are left: someone else claims it
                             └──── lease expired or returned, no attempt left ──▶ LOST

A claim is a lease: its owner beats at least every HEARTBEAT_SECONDS, and `sweep_once` takes the
job back when no beat came for LEASE_SECONDS. Each claim raises `lease_token` (the fencing token),
and only the holder of the current token can beat or finish, so that a worker that was thought
dead and comes back changes nothing. Lease times are compared by the database's clock.

Celery messages carry an id and are only wake-ups (`segweb.jobs.wakeups`): one that arrives twice
finds the row claimed, one that got lost is sent again by the sweeper.

A kind of job is a model that describes itself (`Job`); `job_execute` carries any of them out.
Others import from here; only wake-ups (`wakeups.send_on_commit`) and files have a module to name.
"""

from segweb.jobs.leases import (
    DATABASE_AWAY,
    LOST_ERROR,
    Lease,
    job_claim,
    job_finish,
    job_heartbeat,
    job_heartbeats,
    job_lose,
    job_return,
    job_update,
    patiently,
)
from segweb.jobs.rows import ENDED, Job, State, job_models
from segweb.jobs.sweeper import Swept, sweep_once
from segweb.jobs.working import Aside, JobReturned, at_once, job_execute

__all__ = [
    "DATABASE_AWAY",
    "ENDED",
    "LOST_ERROR",
    "Aside",
    "Job",
    "JobReturned",
    "Lease",
    "State",
    "Swept",
    "at_once",
    "job_claim",
    "job_execute",
    "job_finish",
    "job_heartbeat",
    "job_heartbeats",
    "job_lose",
    "job_models",
    "job_return",
    "job_update",
    "patiently",
    "sweep_once",
]

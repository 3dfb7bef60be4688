"""Wake-ups: Celery messages that carry a job's id. None is ever needed for a job to be done.

A broker that is down or frozen costs a request at most the socket timeout, once in
BREAKER_SECONDS: until then nothing is tried, and the sweeper sends the wake-up later.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from segweb.jobs.rows import Job

logger = logging.getLogger(__name__)

BREAKER_SECONDS = 10
BROKER_FAULTS = (OSError, KombuError, RedisError)

_closed_until = 0.0  # monotonic seconds; one breaker per process


def send_on_commit(job: Job) -> None:
    """Send a job's wake-up once the surrounding transaction is committed."""
    # Not delay_on_commit: a broker that is away must not raise, since the row is queued already.
    transaction.on_commit(partial(send, type(job), job.pk))


def send(model: type[Job], pk: Any) -> bool:
    """Send a job's wake-up now; False when the broker did not take it."""
    global _closed_until
    if time.monotonic() < _closed_until:
        return False
    try:
        current_app.send_task(model.task_name, args=[str(pk)], queue=model.queue, retry=False)
    except BROKER_FAULTS as fault:
        _closed_until = time.monotonic() + BREAKER_SECONDS
        logger.warning("The broker took no message (%s); the sweeper will send it.", fault)
        return False
    return True


def queue_length(queue: str) -> int:
    """Messages that wait in the broker's queue; 0 when the broker does not answer."""
    try:
        with current_app.connection_for_write() as connection:
            # Not passively: Redis has no empty lists, so an empty queue would be an error.
            declared = connection.default_channel.queue_declare(queue)
            return int(declared.message_count)
    except BROKER_FAULTS:
        return 0

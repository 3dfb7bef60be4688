"""Celery's door to the inference jobs: a message is only a wake-up."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup

from inference.live import passes
from inference.models import InferenceJob
from inference.worker import order, storing, warm


@shared_task(name=InferenceJob.task_name)
def job_execute(job_id: str) -> None:
    """Carry out what should come first, which need not be what rang; it may be a live frame."""
    order.next_execute(aside=storing.aside, between=lambda: passes.frame_serve(order.next_watched))


@celeryd_after_setup.connect
def engine_preload(instance: Any, **kwargs: Any) -> None:
    """An inference worker imports torch before its first task, other workers never."""
    if InferenceJob.queue in instance.app.amqp.queues.consume_from:
        # At the start: the first job's reader need not wait some seconds for torch.
        warm.engine()
        warm.graphs_prepare()

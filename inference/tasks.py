"""Celery's door to the inference services: a message carries an id and is only a wake-up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import celeryd_after_setup

from inference import execution
from inference.models import Prediction


@shared_task(name=Prediction.task_name)
def prediction_execute(prediction_id: str) -> None:
    """Carry out one prediction, unless someone else does already."""
    execution.prediction_execute(prediction_id=UUID(prediction_id))


@celeryd_after_setup.connect
def engine_preload(instance: Any, **kwargs: Any) -> None:
    """An inference worker imports torch before its first task, other workers never."""
    if Prediction.queue in instance.app.amqp.queues.consume_from:
        execution.engine()

"""Celery's door to the work on runs: a message carries an id and is only a wake-up."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from experiments.models import Import, MasksImport, NetworkExport, NetworkImport, Preflight, Run
from experiments.worker import supervision
from segweb.jobs import job_execute


# Acknowledged at once: a training outlives any broker's patience, and its truth is in its row.
@shared_task(name=Run.task_name, acks_late=False)
def run_execute(run_id: str) -> None:
    """Carry out one run, unless someone else does already."""
    supervision.run_execute(run_id=int(run_id))


@shared_task(name=Preflight.task_name)
def preflight_execute(preflight_id: str) -> None:
    """Look at one run before it is launched, unless someone else does already."""
    job_execute(model=Preflight, pk=int(preflight_id), device="preflight")


@shared_task(name=Import.task_name)
def import_execute(import_id: str) -> None:
    """Unpack one zipped data set, unless someone else does already."""
    job_execute(model=Import, pk=import_id, device="import")


@shared_task(name=NetworkImport.task_name)
def network_import_execute(import_id: str) -> None:
    """Look at one network from elsewhere, unless someone else does already."""
    job_execute(model=NetworkImport, pk=import_id, device="import")


@shared_task(name=NetworkExport.task_name)
def network_export_execute(export_id: str) -> None:
    """Write one checkpoint as a file, unless someone else does already."""
    job_execute(model=NetworkExport, pk=export_id, device="export")


@shared_task(name=MasksImport.task_name)
def masks_import_execute(import_id: str) -> None:
    """Score one zip of masks from elsewhere, unless someone else does already."""
    job_execute(model=MasksImport, pk=import_id, device="import")


@worker_shutting_down.connect
def trainers_stop(**_: Any) -> None:
    """A worker that is told to end lets its trainer save, and gives the run back."""
    supervision.shutting_down.set()

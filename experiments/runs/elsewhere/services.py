"""Imported histories become runs: each of them once, whole or not at all."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from experiments.models import Experiment, Run
from experiments.records.points import points_record
from experiments.runs.elsewhere.history import History
from experiments.runs.mlflow.services import (
    experiment_create,
    run_end,
    run_settings_record,
    script_run_create,
)
from segweb.http.idempotency import request_digest


def history_import(*, owner: User, history: History) -> Run | None:
    """The run of a history; None where this account has it already.

    ValidationError for what a run cannot hold: nothing of it is kept then.
    """
    digest = request_digest(caller=owner.pk, key=history.source, request={"import": True})
    if Run.objects.filter(idempotency_key=digest).exists():
        return None
    with transaction.atomic():
        experiment = None
        if history.experiment not in ("", "Default"):
            name = history.experiment[:250]
            experiment = Experiment.objects.filter(owner=owner, name=name).first()
            experiment = experiment or experiment_create(owner=owner, name=name, tags={})
        run = script_run_create(
            owner=owner, experiment=experiment, name=history.name[:200], tags=history.tags
        )
        run_settings_record(run=run, told=history.settings)
        points_record(run=run, points=history.points)
        run_end(run=run, state=history.state)
        times = {"started_at": history.started_at, "ended_at": history.ended_at}
        known = {name: moment for name, moment in times.items() if moment}
        Run.objects.filter(pk=run.pk).update(idempotency_key=digest, **known)
    run.refresh_from_db()
    return run

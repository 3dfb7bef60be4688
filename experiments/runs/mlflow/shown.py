"""Our rows as MLflow's protocol tells them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from experiments.models import Artifact, Experiment, Run, Series
from experiments.runs.mlflow.services import NAME_TAG, NOTE_TAG, setting_text, told_tags
from segweb.jobs import State

DEFAULT = "0"  # the experiment that MLflow's clients take where none was set
# Ours, as MLflow calls them; and what it says, as ours.
STATUS = {
    State.QUEUED: "SCHEDULED",
    State.RUNNING: "RUNNING",
    State.DONE: "FINISHED",
    State.FAILED: "FAILED",
    State.LOST: "FAILED",
    State.STOPPED: "KILLED",
}
STATES = {status: state for state, status in STATUS.items()} | {"FAILED": State.FAILED}


def experiment_shown(experiment: Experiment | None) -> dict[str, Any]:
    """An experiment of an account; None is the one by default."""
    pk = str(experiment.pk) if experiment else DEFAULT
    told: dict[str, Any] = {
        "experiment_id": pk,
        "name": experiment.name if experiment else "Default",
        "artifact_location": f"mlflow-artifacts:/{pk}",
        "lifecycle_stage": "active",
        "tags": entries(experiment.tags if experiment else {}),
    }
    if experiment:
        told["creation_time"] = told["last_update_time"] = milliseconds(experiment.created_at)
    return told


def run_shown(run: Run, series: Iterable[Series]) -> dict[str, Any]:
    """A run with the latest value of each metric, its settings and tags."""
    config = {key: setting_text(value) for key, value in run.config.items()}
    data = {
        "metrics": [point_shown(one.name, one.step, one.at, one.value) for one in series],
        "params": entries(config),
        "tags": entries(tags_of(run)),
    }
    return {"info": info_shown(run), "data": data, "inputs": {}}


def tags_of(run: Run) -> dict[str, str]:
    """A script's tags, with name and notes as they are now."""
    noted = {NOTE_TAG: run.notes} if run.notes else {}
    return {**told_tags(run.environment), NAME_TAG: str(run), **noted}


def info_shown(run: Run) -> dict[str, Any]:
    """Whose it is, how it stands, where its files go."""
    experiment = str(run.experiment_id or DEFAULT)
    told: dict[str, Any] = {
        "run_id": str(run.pk),
        "run_uuid": str(run.pk),
        "run_name": str(run),
        "experiment_id": experiment,
        "user_id": run.owner.get_username() if run.owner else "",
        "status": STATUS[State(run.state)],
        "start_time": milliseconds(run.started_at or run.created_at),
        "artifact_uri": f"mlflow-artifacts:/{experiment}/{run.pk}/artifacts",
        "lifecycle_stage": "active",
    }
    if run.ended_at:
        told["end_time"] = milliseconds(run.ended_at)
    return told


def point_shown(name: str, step: int, at: int, value: float | None) -> dict[str, Any]:
    """A value at a step; JSON has no NaN, for which a word stands."""
    told = "NaN" if value is None else value
    return {"key": name, "value": told, "timestamp": at, "step": step}


def files_shown(artifacts: Iterable[Artifact], folder: str) -> list[dict[str, Any]]:
    """What lies directly in a folder of a run's files: files with their size, folders once."""
    start = f"{folder}/" if folder else ""
    found: dict[str, dict[str, Any]] = {}
    for artifact in artifacts:
        name, inner, _rest = artifact.path.removeprefix(start).partition("/")
        size = {} if inner else {"file_size": artifact.size}
        found[name] = {"path": name, "is_dir": bool(inner), **size}
    return list(found.values())


def entries(values: dict[str, str]) -> list[dict[str, str]]:
    """A dictionary as a list of {key, value}."""
    return [{"key": key, "value": value} for key, value in values.items()]


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)

"""MLflow's file store: a folder for each experiment, in it one for each run."""

from __future__ import annotations

from datetime import UTC, datetime
from math import copysign, isinf, isnan
from pathlib import Path
from typing import Any

import yaml

from experiments.records.points import Told
from experiments.runs.elsewhere.history import Histories, History, NoHistory
from segweb.jobs import State

# As the store numbers them, and as the protocol calls them.
STATES = {
    3: State.DONE,
    4: State.FAILED,
    5: State.STOPPED,
    "FINISHED": State.DONE,
    "FAILED": State.FAILED,
    "KILLED": State.STOPPED,
}
LARGEST = 1.7976931348623157e308


def histories(root: Path) -> Histories:
    """Every run of a store that was not deleted."""
    found = False
    for meta in sorted(root.glob("*/*/meta.yaml")):
        about = _meta(meta)
        if "run_id" not in about and "run_uuid" not in about:
            continue  # of a model
        found = True
        if about.get("lifecycle_stage", "active") == "active":
            yield _history(meta.parent, about)
    if not found:
        raise NoHistory(f"{root} is no file store of MLflow: it has no */*/meta.yaml of a run.")


def _history(folder: Path, about: dict[str, Any]) -> History:
    experiment = folder.parent / "meta.yaml"
    run = str(about.get("run_id") or about.get("run_uuid"))
    tags = _texts(folder / "tags")
    return History(
        source=f"mlflow:{run}",
        name=str(about.get("run_name") or tags.get("mlflow.runName") or run),
        experiment=str(_meta(experiment).get("name", "")) if experiment.exists() else "",
        points=list(_points(folder / "metrics")),
        settings=_texts(folder / "params"),
        tags=tags,
        state=STATES.get(about.get("status", 3), State.STOPPED),
        started_at=moment(about.get("start_time")),
        ended_at=moment(about.get("end_time")),
    )


def _points(folder: Path) -> Any:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        for line in file.read_text(errors="replace").splitlines():
            at, value, *step = line.split()[:3]
            yield Told(name, finite(float(value)), int(step[0]) if step else 0, int(at))


def finite(value: float) -> float | None:
    """A value as it is kept: NaN is none, infinity the largest number there is."""
    if isnan(value):
        return None
    return copysign(LARGEST, value) if isinf(value) else value


def moment(milliseconds: Any) -> datetime | None:
    """When that was; None where it is not said."""
    told = isinstance(milliseconds, (int, float)) and milliseconds > 0
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if told else None


def _texts(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(errors="replace") for path in files}


def _meta(file: Path) -> dict[str, Any]:
    try:
        about = yaml.safe_load(file.read_text(errors="replace"))
    except yaml.YAMLError as fault:
        raise NoHistory(f"{file} is no YAML: {fault}") from fault
    return about if isinstance(about, dict) else {}

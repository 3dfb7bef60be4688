"""From events.jsonl to rows: torn lines, repeated replays, and a lease that went elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from experiments.models import Attempt, Confusion, Probe, Run
from experiments.records.epochs import epoch_record
from experiments.worker.replay import LeaseLost, Replay
from segweb.jobs import Lease, State, job_claim
from tests.experiments.factories import run_make
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db

PROTOCOL = {"split_hash": "ab", "precision": "fp32"}


@pytest.fixture
def run(db: None) -> Run:
    return run_make(epochs=0, planned=5, state=State.QUEUED)


@pytest.fixture
def lease(run: Run) -> Lease:
    return job_claim(model=Run, pk=run.pk, owner="host:1:cpu")


@pytest.fixture
def attempt(run: Run) -> Attempt:
    return Attempt.objects.create(run=run, number=2, owner="host:1:cpu")


def epoch(number: int) -> dict[str, Any]:
    told = {"event": "epoch", "epoch": number, "time": 1.8e9 + number, "loss": 1.0, "miou": 0.5}
    return told | {"lr": 0.1, "val_loss": 1.1, "train_miou": 0.6, "confusion": [[3, 1], [0, 4]]}


def append(folder: Path, *events: dict[str, Any] | str) -> None:
    with (folder / "events.jsonl").open("a") as file:
        for event in events:
            file.write(event if isinstance(event, str) else json.dumps(event) + "\n")


def replay(run: Run, folder: Path, lease: Lease) -> Replay:
    run.refresh_from_db()
    return Replay(run, folder, lease)


def test_what_was_appended_is_taken_in_once(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    start = {"event": "start", "time": 1.8e9, "steps": 40, "protocol": PROTOCOL}
    append(tmp_path, start, {"event": "step", "time": 1.8e9, "epoch": 1, "step": 10})
    follower = replay(run, tmp_path, lease)
    follower.catch_up(attempt)
    run.refresh_from_db()
    assert (run.step, run.steps, run.epoch) == (10, 40, 0)
    assert run.protocol["split_hash"] == "ab"
    append(tmp_path, epoch(1), epoch(2))
    follower.catch_up(attempt)
    follower.catch_up(attempt)
    Run.objects.filter(pk=run.pk).update(events_offset=0)
    replay(run, tmp_path, lease).catch_up(attempt)  # all of it once more
    run.refresh_from_db()
    assert list(run.epoch_rows.values_list("number", flat=True)) == [1, 2]
    assert Confusion.objects.count() == 2
    assert (run.step, run.epoch) == (0, 2)
    assert run.events_offset == (tmp_path / "events.jsonl").stat().st_size
    attempt.refresh_from_db()
    assert attempt.last_epoch == 2


def test_a_database_that_is_locked_in_between_costs_no_epoch(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = {"event": "start", "time": 1.8e9, "steps": 40, "protocol": PROTOCOL}
    append(tmp_path, start, epoch(1), epoch(2))
    follower, tried = replay(run, tmp_path, lease), []

    def record(**told: Any) -> None:
        tried.append(told["number"])
        if tried == [1, 2]:
            raise OperationalError("database is locked")
        epoch_record(**told)

    monkeypatch.setattr("experiments.worker.replay.epoch_record", record)
    with pytest.raises(OperationalError):
        follower.catch_up(attempt)
    follower.catch_up(attempt)
    run.refresh_from_db()
    assert list(run.epoch_rows.values_list("number", flat=True)) == [1, 2]
    assert run.steps == 40


def test_a_line_that_is_being_written_waits_for_its_end(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    line = json.dumps(epoch(1)) + "\n"
    append(tmp_path, line[:30])
    follower = replay(run, tmp_path, lease)
    follower.catch_up(attempt)
    assert not run.epoch_rows.exists()
    append(tmp_path, line[30:])
    follower.catch_up(attempt)
    assert run.epoch_rows.count() == 1


def test_a_line_that_a_kill_cut_off_is_passed_over(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    append(tmp_path, '{"event": "epo\n', epoch(1))
    replay(run, tmp_path, lease).catch_up(attempt)
    assert run.epoch_rows.count() == 1


def test_without_the_lease_nothing_is_recorded(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    append(tmp_path, epoch(1))
    Run.objects.filter(pk=run.pk).update(lease_token=7)
    with pytest.raises(LeaseLost):
        replay(run, tmp_path, lease).catch_up(attempt)
    assert not run.epoch_rows.exists()


def test_a_failure_tells_no_place_of_the_host(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_ROOT = tmp_path / "data"
    folder = default_storage.path(run.folder)
    told = f"{folder} could not be written, {settings.DATA_ROOT}/streets/a.png not be read."
    append(tmp_path, {"event": "failure", "time": 1.8e9, "message": told})
    follower = replay(run, tmp_path, lease)
    follower.catch_up(attempt)
    assert follower.failure == f"{run.folder} could not be written, streets/a.png not be read."


def test_a_failure_is_one_of_the_trainer_that_runs_now(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    start = {"event": "start", "time": 1.8e9, "steps": 40, "protocol": PROTOCOL}
    append(tmp_path, {"event": "failure", "time": 1.8e9, "message": "The disk is full."})
    follower = replay(run, tmp_path, lease)
    follower.catch_up(attempt)
    assert follower.failure == "The disk is full."
    append(tmp_path, start, {"event": "stopped", "time": 1.8e9})
    follower.catch_up(attempt)
    assert follower.failure == ""


def test_probe_masks_are_found_with_their_epoch(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path
) -> None:
    default_storage.save(f"{run.folder}/probes/0001/a.png", ContentFile(b"mask"))
    append(tmp_path, epoch(1), epoch(1))
    replay(run, tmp_path, lease).catch_up(attempt)
    probe = Probe.objects.get()
    assert (probe.epoch, probe.name) == (1, "a")
    assert default_storage.exists(probe.file.name)


def test_a_fallback_to_an_older_state_is_kept_with_its_attempt(
    run: Run, lease: Lease, attempt: Attempt, tmp_path: Path, reader: Client
) -> None:
    told = {"damaged": ["state-00000020-ab.pt"], "epoch": 4, "step": 0}
    append(tmp_path, {"event": "fallback", "time": 1.8e9, **told})
    replay(run, tmp_path, lease).catch_up(attempt)
    attempt.refresh_from_db()
    assert attempt.fallback == told
    assert "the one before, after epoch 4" in reader.get(url("results", run.pk)).content.decode()
    assert reader.get(f"/api/v1/runs/{run.pk}/").json()["attempts"][-1]["fallback"] == told

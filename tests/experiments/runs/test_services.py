"""Launching, stopping, resuming, cloning and deleting runs, and what their epochs leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection

from experiments.models import Confusion, Epoch, Kind, Run
from experiments.records import sources
from experiments.records.epochs import epoch_record, epoch_report
from experiments.runs import services
from experiments.runs.keeping import run_delete
from experiments.runs.services import (
    external_run_create,
    run_clone,
    run_launch,
    run_resume,
    run_stop,
    runs_launch_group,
)
from models_zoo.metrics import scores
from segweb.jobs import State, wakeups
from tests.experiments.factories import dataset_make, run_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ids: list[str] = []
    monkeypatch.setattr(wakeups, "send", lambda model, pk: ids.append(str(pk)) or True)
    return ids


def launch(owner: User | None = None, **changes: Any) -> Run:
    return run_launch(
        **{"architecture": "unet", "data": "scenes", "epochs": 3, "owner": owner} | changes
    )


def test_a_launched_run_is_queued_with_its_whole_configuration(
    owner: User, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = launch(owner, config={"lr": 0.01, "crop": [64, 96]}, tags=["a", " a ", "b"])
    assert sent == [str(run.pk)]
    run.refresh_from_db()
    assert (run.state, run.kind, run.data, run.dataset.slug) == (
        State.QUEUED,
        Kind.TRAINED,
        "scenes",
        "scenes",
    )
    assert run.config["lr"] == 0.01
    assert run.config["crop"] == [64, 96]
    assert run.config["batch"] == 8
    assert run.tags == ["a", "b"]


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": -1},
        {"epochs": 10**9},
        {"architecture": "../unet"},
        {"variant": "huge"},
        {"data": "camvid:/etc"},
        {"data": "camvid:../.."},
        {"data": "folder:nowhere"},
        {"data": "nowhere"},
        {"data": "imported:nothing"},
        {"seed": 2**70},
        {"gpus": 0},
        {"tags": ["x" * 51]},
        {"config": {"lr": float("nan")}},
        {"config": {"lr": float("inf")}},
        {"config": {"lr": "much"}},
        {"config": {"batch": 0}},
        {"config": {"batch": True}},
        {"config": {"batch": 1e9}},
        {"config": {"crop": [8, 8]}},
        {"config": {"crop": [10**6, 10**6]}},
        {"config": {"crop": 32}},
        {"config": {"nothing": 1}},
        {"config": {"options": {"aux": {"a": 1}}}},
        {"config": {"pseudo": "folder:nowhere"}},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_queued(
    owner: User, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as refused:
        launch(owner, **changes)
    assert refused.value.messages[0]
    assert not Run.objects.exists()


def test_the_same_key_of_the_same_caller_gives_the_same_run(owner: User) -> None:
    first = launch(owner, idempotency_key="k")
    assert launch(owner, idempotency_key="k") == first
    assert launch(User.objects.create_user("other"), idempotency_key="k") != first


@pytest.mark.django_db(transaction=True)
def test_the_data_of_a_group_are_read_once_and_before_the_transaction(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other writer waits for them: on SQLite the whole site would."""
    opened: list[bool] = []
    read = sources.data_open

    def noted(*args: Any) -> Any:
        opened.append(connection.in_atomic_block)
        return read(*args)

    for module in (sources, services):
        monkeypatch.setattr(module, "data_open", noted)
    launch(owner)
    alone = len(opened)
    runs_launch_group(seeds=[3, 4, 5], architecture="unet", data="scenes", owner=owner)
    assert len(opened) == 2 * alone
    assert not any(opened)


def test_several_seeds_make_a_group(owner: User) -> None:
    request = {"architecture": "unet", "data": "scenes", "owner": owner}
    runs = runs_launch_group(seeds=[1, 2, 3], **request)
    assert {run.seed for run in runs} == {1, 2, 3}
    assert len({run.group for run in runs}) == 1
    assert runs[0].group is not None
    (alone,) = runs_launch_group(seeds=[1], **request)
    assert alone.group is None


def test_stop_and_resume(owner: User) -> None:
    run = launch(owner)
    assert run_stop(run=run)
    assert not run_stop(run=run)
    run.refresh_from_db()
    assert (run.state, run.can_resume) == (State.STOPPED, True)
    assert run_resume(run=run)
    assert not run_resume(run=run)
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING)
    assert run_stop(run=run)
    run.refresh_from_db()
    assert (run.state, run.stop_requested, run.can_stop) == (State.RUNNING, True, False)


def test_a_clone_repeats_the_request_with_changes(owner: User) -> None:
    run = launch(owner, config={"lr": 0.01, "batch": 4}, seed=5)
    clone = run_clone(run=run, owner=owner, epochs=9, config={"batch": 2})
    assert (clone.parent, clone.epochs, clone.seed) == (run, 9, 5)
    clone.refresh_from_db()
    assert (clone.config["lr"], clone.config["batch"]) == (0.01, 2)


def test_deleting_takes_epochs_and_their_matrices_along() -> None:
    run, kept = run_make(epochs=3), run_make(epochs=2)
    run_delete(run=run)
    assert list(Run.objects.all()) == [kept]
    assert Epoch.objects.count() == Confusion.objects.count() == 2


def test_a_removed_shipped_run_leaves_its_mark() -> None:
    run = run_make(epochs=2, kind=Kind.SHIPPED, shipped_sha256="ab")
    run_delete(run=run)
    assert not Run.objects.visible_to(None).exists()
    assert Run.objects.get().shipped_sha256 == "ab"
    assert not Epoch.objects.exists()


def counts(skill: int) -> np.ndarray:
    return np.full((3, 3), 10) + skill * np.eye(3, dtype=int)


def test_an_epoch_told_twice_is_there_once_and_the_last_word_counts() -> None:
    run = run_make(epochs=0, planned=3)
    for skill in (10, 50, 50):
        epoch_record(run=run, number=1, loss=1.0, confusion=counts(skill))
    epoch_record(run=run, number=2, loss=0.5, confusion=counts(20))
    assert list(run.epoch_rows.values_list("number", flat=True)) == [1, 2]
    assert Confusion.objects.count() == 2
    first = run.epoch_rows.get(number=1)
    assert first.miou == scores(counts(50))["miou"]
    assert (first.confusion.matrix == counts(50)).all()
    run.refresh_from_db()
    assert (run.epoch, run.best_epoch, run.best_miou) == (2, 1, first.miou)
    assert run.last_miou == scores(counts(20))["miou"]
    assert len(run.history) == 2


def test_the_small_curve_stays_small_and_ends_with_the_last_epoch() -> None:
    run = run_make(epochs=200)
    assert 30 <= len(run.history) <= 60
    assert run.history[-1] == round(run.last_miou, 4)


def test_recording_an_epoch_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    run = run_make(epochs=5, planned=9)
    with django_assert_max_num_queries(8):
        epoch_record(run=run, number=6, loss=1.0, confusion=counts(3))


def test_a_run_from_elsewhere_reports_and_is_done_with_its_last_epoch(owner: User) -> None:
    run = external_run_create(owner=owner, architecture="mine", epochs=2)
    assert run.state == State.RUNNING
    epoch_report(run=run, number=1, miou=0.3)
    epoch_report(run=run, number=2, confusion=[[5, 1], [2, 7]])
    run.refresh_from_db()
    assert (run.state, run.epoch) == (State.DONE, 2)
    with pytest.raises(ValidationError):
        epoch_report(run=run, number=3, miou=0.3)


@pytest.mark.parametrize(
    "report",
    [
        {"number": 0, "miou": 0.1},
        {"number": 10**9, "miou": 0.1},
        {"number": 1, "miou": 1.5},
        {"number": 1, "loss": float("nan")},
        {"number": 1, "lr": float("inf")},
        {"number": 1, "lr": -1.0},
        {"number": 1, "per_class_iou": [0.5, -0.1]},
        {"number": 1, "confusion": [[1, 2]]},
        {"number": 1, "confusion": [[1, -2], [0, 1]]},
        {"number": 1, "confusion": [[1, 2], [3]]},
        {"number": 1, "confusion": [[1]]},
    ],
)
def test_figures_that_make_no_sense_are_refused(owner: User, report: dict[str, Any]) -> None:
    run = external_run_create(owner=owner, architecture="mine", dataset=dataset_make())
    with pytest.raises(ValidationError):
        epoch_report(run=run, **report)
    assert not Epoch.objects.exists()

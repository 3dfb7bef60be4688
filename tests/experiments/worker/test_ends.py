"""How attempts end whose trainer or worker did not end well, without a real trainer."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from experiments.models import Attempt, Run
from experiments.worker import supervision
from models_zoo.training.record.failures import FAILED_CODE, MISFIT_CODE
from segweb.jobs import LOST_ERROR, State, Swept, job_execute, sweep_once
from tests.experiments.factories import run_make
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def queued(**fields: Any) -> Run:
    run = run_make(epochs=0, planned=5, state=State.QUEUED, data="scenes", **fields)
    run.attempts.all().delete()  # nobody has tried it yet
    return run


def execute(run: Run) -> tuple[State, str, str]:
    """What a worker makes of a run: its state, its error, and the outcome of its attempt."""
    assert job_execute(model=Run, pk=run.pk, device="cpu")
    run.refresh_from_db()
    (attempt,) = run.attempts.all()
    assert attempt.ended_at
    return run.state, run.error, attempt.outcome


@pytest.fixture
def trainer_ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Trainers that end at once with an exit code, without a word."""

    def ends(code: int) -> None:
        class Trainer:
            pid = os.getpid()

            def __init__(self, *_: Any) -> None: ...
            def wait(self, seconds: float) -> int:
                return code

            def kill(self) -> None: ...

        monkeypatch.setattr(supervision, "TrainerProcess", Trainer)

    return ends


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(FAILED_CODE, supervision.NOT_WRITTEN), (MISFIT_CODE, supervision.UNEXPLAINED)],
    ids=["a full disk takes no event either", "none was tried"],
)
def test_a_trainer_that_left_no_word(
    code: int, sentence: str, trainer_ends: Callable[[int], None]
) -> None:
    trainer_ends(code)
    assert execute(queued()) == (State.FAILED, sentence, "failed")


def test_what_nobody_foresaw_ends_run_and_attempt_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> None:
        raise RuntimeError("what nobody foresaw")

    monkeypatch.setattr(supervision, "TrainerProcess", fault)
    assert execute(queued()) == (State.FAILED, Run.unexplained, "failed")


def test_settings_of_another_version_are_told_on_page_and_api(client: Client) -> None:
    run = queued(config={"crop": [32, 32], "warmth": 3})
    state, error, outcome = execute(run)
    assert (state, outcome) == (State.FAILED, "failed")
    assert error.endswith("as it was launched. Unknown settings: warmth.")
    client.force_login(User.objects.create_superuser("reader"))
    assert error in client.get(url("run", run.pk)).content.decode()
    assert client.get(f"/api/v1/runs/{run.pk}/").json()["error"] == error


def test_a_run_that_is_lost_leaves_no_attempt_open(settings: Settings) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    held = {"lease_token": 3, "attempt": settings.MAX_ATTEMPTS, "heartbeat_at": long_ago}
    run = run_make(epochs=0, planned=5, state=State.RUNNING, **held)
    run.attempts.all().delete()
    attempt = Attempt.objects.create(run=run, number=3, owner="host:1:cpu")
    assert sweep_once() == Swept(lost=1)
    run.refresh_from_db()
    attempt.refresh_from_db()
    assert (run.state, run.error) == (State.LOST, LOST_ERROR)
    assert (attempt.outcome, attempt.ended_at is None) == ("lost", False)

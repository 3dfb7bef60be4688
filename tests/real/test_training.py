"""Runs through a real Redis and real workers, under one fault each."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.training import TrainingStack, must_hold
from tests.waiting import asked_to_end, gone, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EPOCHS = 30


@pytest.fixture(scope="module")
def module_training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingStack]:
    training = TrainingStack(tmp_path_factory.mktemp("training"))
    yield training
    training.stack.stop()


@pytest.fixture
def training(module_training: TrainingStack) -> Iterator[TrainingStack]:
    """With worker and sweeper, which a test may kill."""
    module_training.stack.start("trainer", "sweeper")
    yield module_training
    for name in ("trainer", "sweeper"):
        if name in module_training.stack.running:
            module_training.stack.kill(name)
    module_training.trainers_kill()


@pytest.fixture(scope="module")
def weights(module_training: TrainingStack) -> str:
    """The hash of what a run without any fault learns."""
    module_training.stack.start("trainer", "sweeper")
    pk = module_training.launch(epochs=EPOCHS)
    run = module_training.ended(pk)
    assert run["state"] == "DONE", run["error"]
    module_training.stack.kill("trainer", "sweeper")
    return module_training.weights(pk)[0]


def test_a_killed_trainer(training: TrainingStack, weights: str) -> None:
    pk = training.launch(epochs=EPOCHS)
    training.trained(pk, 2)
    training.trainers_kill(pk)
    training.ended(pk)
    must_hold(training, [pk], EPOCHS, weights)
    assert training.outcomes(pk) == ["crashed", "done"]


def test_a_killed_worker_leaves_no_trainer_and_the_run_goes_on(
    training: TrainingStack, weights: str
) -> None:
    pk = training.launch(epochs=EPOCHS)
    training.trained(pk, 2)
    orphans = training.trainers(pk)
    training.stack.kill("trainer")
    wait_until(lambda: all(map(gone, orphans)))
    training.stack.start("trainer")
    killed = time.monotonic()
    training.wait(pk, lambda run: run["attempt"] and len(training.outcomes(pk)) == 2)
    assert time.monotonic() - killed < 60
    training.ended(pk)
    must_hold(training, [pk], EPOCHS, weights)
    assert training.outcomes(pk) == ["lost", "done"]


def test_redis_killed_and_emptied_and_every_message_twice(
    training: TrainingStack, weights: str
) -> None:
    first, second, third = (training.launch(epochs=EPOCHS) for _ in range(3))
    training.messages_double()
    training.wait(first, lambda run: run["epoch"] >= 1)
    training.again("redis")
    training.stack.redis().flushall()
    for pk in (first, second, third):
        training.ended(pk)
    must_hold(training, [first, second, third], EPOCHS, weights)
    for pk in (first, second, third):
        assert training.outcomes(pk) == ["done"]


def test_a_database_that_is_locked_for_a_while(training: TrainingStack, weights: str) -> None:
    pk = training.launch(epochs=EPOCHS)
    training.wait(pk, lambda run: run["epoch"] >= 1)
    locker = sqlite3.connect(training.stack.var / "db.sqlite3", isolation_level=None, timeout=30)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(6)
    locker.execute("ROLLBACK")
    locker.close()
    training.ended(pk)
    must_hold(training, [pk], EPOCHS, weights)


def test_a_worker_told_to_end_hands_its_run_on(training: TrainingStack, weights: str) -> None:
    pk = training.launch(epochs=EPOCHS)
    training.trained(pk, 1)
    # Held until the worker's word has come, else it may be done before.
    (trainer,) = training.trainers(pk)
    trainer.suspend()
    training.stack.signal("trainer", signal.SIGTERM)
    wait_until(lambda: asked_to_end(trainer))
    trainer.resume()
    assert training.stack.running.pop("trainer").wait(30) == 0
    assert not training.trainers(pk)
    training.stack.start("trainer")
    training.ended(pk)
    must_hold(training, [pk], EPOCHS, weights)
    assert training.outcomes(pk) == ["released", "done"]


def test_stopped_in_each_state_it_stops_and_goes_on(training: TrainingStack, weights: str) -> None:
    """Queued, starting, training, saving."""
    blocker, pk = training.launch(epochs=5000), training.launch(epochs=EPOCHS)
    assert training.post(f"runs/{pk}/stop/")["state"] == "STOPPED"
    training.post(f"runs/{blocker}/stop/")
    assert training.ended(blocker)["state"] == "STOPPED"

    training.post(f"runs/{pk}/resume/")
    wait_until(lambda: training.trainers(pk))
    training.post(f"runs/{pk}/stop/")
    assert training.ended(pk)["state"] == "STOPPED"

    training.post(f"runs/{pk}/resume/")
    training.wait(pk, lambda run: run["epoch"] >= 1)
    training.post(f"runs/{pk}/stop/")
    assert training.ended(pk)["state"] == "STOPPED"

    training.post(f"runs/{pk}/resume/")
    wait_until(lambda: _saves(training.folder(pk)) or training.run(pk)["state"] == "DONE")
    training.post(f"runs/{pk}/stop/")
    if training.ended(pk)["state"] == "STOPPED":
        training.post(f"runs/{pk}/resume/")
    training.wait(pk, lambda run: run["state"] == "DONE")
    must_hold(training, [pk], EPOCHS, weights)


def _saves(folder: Path) -> bool:
    """Whether the trainer is writing a state just now."""
    return any(folder.glob(".state-*.tmp"))


def test_a_failure_has_its_sentence_and_the_next_run_goes_on(training: TrainingStack) -> None:
    bad = training.launch(config={"options": {"nothing": 1}})
    good = training.launch(epochs=1)
    failed = training.ended(bad)
    assert (failed["state"], training.outcomes(bad)) == ("FAILED", ["failed"])
    assert "no option" in failed["error"]
    assert training.ended(good)["state"] == "DONE"

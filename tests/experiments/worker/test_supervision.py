"""Carrying out runs with a real trainer: its ends, and what they mean for the run."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from experiments.models import Checkpoint, Confusion, Probe, Run
from experiments.records.files import LOG
from experiments.records.publishing import checkpoint_publish, checkpoints_prune
from experiments.runs.keeping import run_delete
from experiments.runs.services import (
    preflight_request,
    preflight_stop,
    run_launch,
    run_resume,
    run_stop,
)
from experiments.scores.results import run_results
from experiments.tasks import preflight_execute
from experiments.worker import preflights, progress, supervision
from experiments.worker.trainer import (
    TOO_FEW_GPUS,
    FolderLock,
    TrainerProcess,
    _marked,
    run_mark,
)
from models_zoo.cli import main
from models_zoo.networks.catalogue import OUTSIDE
from segweb.jobs import LOST_ERROR, Lease, State, job_update, sweep_once, wakeups
from tests.models_zoo.fixtures import draw_folder
from tests.waiting import gone, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

CONFIG = {
    "crop": [32, 32],
    "batch": 2,
    "workers": 0,
    "precision": "fp32",
    "probes": 1,
    "options": {"noisy": True},
}


@pytest.fixture(autouse=True)
def _surroundings(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    settings.DATA_ROOT = tmp_path / "data"
    settings.HEARTBEAT_SECONDS, settings.LEASE_SECONDS = 0.5, 30
    monkeypatch.setenv(OUTSIDE, "tests.models_zoo.tiny")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(wakeups, "send", lambda model, pk: True)
    draw_folder(settings.DATA_ROOT / "streets", train=6, val=3)
    yield
    supervision.shutting_down.set()
    assert supervision._place.acquire(timeout=100), "a worker of this test still works"
    supervision._place.release()
    supervision.shutting_down.clear()


def launch(**changes: Any) -> Run:
    request = {"architecture": "tiny", "variant": "full", "data": "streets", "epochs": 2}
    config = CONFIG | changes.pop("config", {})
    return run_launch(**request | changes, owner=None, config=config)


def execute(run: Run) -> Run:
    supervision.run_execute(run_id=run.pk)
    run.refresh_from_db()
    return run


class Worker(threading.Thread):
    """A worker in a thread, so that the test can interfere."""

    def __init__(self, run: Run) -> None:
        super().__init__(daemon=True)
        self.run_row = run
        self.start()

    def run(self) -> None:
        supervision.run_execute(run_id=self.run_row.pk)
        connection.close()

    def wait(self, holds: Callable[[Run], Any]) -> None:
        """Until the run's row is as wanted."""

        def arrived() -> bool:
            self.run_row.refresh_from_db()
            return bool(holds(self.run_row))

        wait_until(arrived, seconds=120)

    def finish(self) -> Run:
        self.join(120)
        assert not self.is_alive()
        self.run_row.refresh_from_db()
        return self.run_row


def trainers(run: Run) -> list[psutil.Process]:
    return list(_marked(run_mark(run.pk)))


def numbers(run: Run) -> list[int]:
    return list(run.epoch_rows.values_list("number", flat=True))


def outcomes(run: Run) -> list[tuple[str, int | None]]:
    return list(run.attempts.values_list("outcome", "exit_code"))


def test_a_run_from_queue_to_checkpoint() -> None:
    run = execute(launch())
    assert (run.state, run.error, run.epoch, run.step) == (State.DONE, "", 2, 0)
    assert numbers(run) == [1, 2]
    assert outcomes(run) == [("done", 0)]
    attempt = run.attempts.get()
    assert (attempt.first_epoch, attempt.last_epoch) == (1, 2)
    epoch = run.epoch_rows.select_related("confusion").last()
    assert None not in (epoch.val_loss, epoch.train_miou, epoch.lr, epoch.seconds)
    assert epoch.confusion.matrix.shape == (3, 3)
    assert run.protocol["split_hash"]
    assert run.environment["versions"]["torch"]
    assert run.environment["hardware"]
    assert str(Path.cwd()) not in run.environment["command"]
    assert run.disk_bytes > 1000
    with default_storage.open(f"{run.folder}/{LOG}", "r") as log:
        assert "epoch 2/2" in log.read()
    probe = Probe.objects.get(run=run, epoch=2)
    for name in (probe.file.name, probe.image, probe.truth):
        assert default_storage.exists(name)
    files = default_storage.listdir(run.folder)[1]
    assert len([name for name in files if name.startswith("state-")]) == 2

    checkpoint = run.checkpoint
    assert checkpoint.offered
    evaluation = checkpoint.evaluations.get()
    assert evaluation.scores["miou"] == checkpoint.sidecar["scores"][0]["miou"]
    images = evaluation.image_counts.table
    assert images[:, 0].sum() == evaluation.confusion.matrix.trace()
    assert len(images) == 3
    run_delete(run=run)
    assert not default_storage.exists(f"{run.folder}/events.jsonl")
    assert Confusion.objects.count() == 1  # the checkpoint's evaluation stays


def test_the_figures_are_those_of_the_command_line(
    settings: Settings, capsys: pytest.CaptureFixture
) -> None:
    run = execute(launch())
    evaluation = run.checkpoint.evaluations.get()
    weights = default_storage.path(f"{run.folder}/best.safetensors")
    data = f"folder:{settings.DATA_ROOT / 'streets'}"
    capsys.readouterr()
    assert (
        main(["evaluate", f"--checkpoint={weights}", "--data", data, "--split=val", "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    for name, value in evaluation.scores.items():
        assert told[name] == value, name
    assert told["confusion"] == evaluation.confusion.matrix.tolist()
    assert told["passport"] == evaluation.protocol


def test_the_trainer_is_told_by_a_file() -> None:
    run = execute(launch(config={"scale": [1, 1.5], "options": {"noisy": True}}))
    assert run.state == State.DONE, run.error
    told = json.loads(Path(default_storage.path(f"{run.folder}/run.json")).read_text())
    columns = {"architecture": "tiny", "variant": "full", "epochs": 2, "seed": 0}
    assert told == run.config | columns | {"data": told["data"]}
    assert "--config=RUN/run.json" in run.environment["command"]


def test_equal_runs_make_equal_weights_each_under_its_own_key() -> None:
    first, second = execute(launch(epochs=1)), execute(launch(epochs=1))
    assert first.checkpoint.sha256 == second.checkpoint.sha256
    assert first.checkpoint != second.checkpoint


def test_a_run_whose_worker_died_after_its_end_is_done_all_the_same() -> None:
    """The trainer has written its `end`, which it does once, and nobody was there to hear of it."""
    run = execute(launch(epochs=1))
    Run.objects.filter(pk=run.pk).update(state=State.QUEUED)
    run = execute(run)
    assert (run.state, outcomes(run)) == (State.DONE, [("done", 0)] * 2)
    assert numbers(run) == [1]


def test_weights_that_were_replaced_go_unless_someone_used_them() -> None:
    run = execute(launch(epochs=1))
    first = run.checkpoint
    former = Checkpoint.objects.create(
        key=first.key,
        sha256="ab",
        architecture="tiny",
        variant="full",
        dataset=run.dataset,
        file=default_storage.save("checkpoints/ab.safetensors", ContentFile(b"older")),
        parameters=1,
        superseded_at=timezone.now(),
    )
    checkpoint_publish(run=run)
    assert list(Checkpoint.objects.all()) == [first]
    assert not default_storage.exists(former.file.name)
    assert default_storage.exists(first.file.name)


def test_pruning_keeps_the_best_and_the_last() -> None:
    run = execute(launch())
    folder = Path(default_storage.path(run.folder))
    (folder / "state-00000001.pt").write_bytes(b"old")
    pruned = checkpoints_prune()
    assert (pruned.files, pruned.bytes) == (1, 3)
    assert len(list(folder.glob("state-*.pt"))) == 2
    assert (folder / "best.safetensors").exists()


def test_a_second_delivery_is_harmless() -> None:
    run = execute(launch(epochs=1))
    execute(run)
    assert run.attempts.count() == 1


def test_what_does_not_fit_fails_with_its_sentence() -> None:
    run = execute(launch(config={"options": {"nothing": 1}}))
    assert run.state == State.FAILED
    assert "no option 'nothing'" in run.error
    assert outcomes(run) == [("failed", 2)]
    assert not trainers(run)


def test_data_that_vanished_fails_with_a_sentence(settings: Settings) -> None:
    run = launch()
    (settings.DATA_ROOT / "streets" / "classes.json").unlink()
    run = execute(run)
    assert run.state == State.FAILED
    assert run.error


def test_stop_while_it_trains_then_resume_to_the_end() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 2)
    run_stop(run=run)
    run = worker.finish()
    assert (run.state, run.error) == (State.STOPPED, "")
    assert outcomes(run) == [("stopped", 3)]
    done = run.epoch
    assert numbers(run) == list(range(1, done + 1))
    assert not trainers(run)
    run_resume(run=run)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch > done)
    run_stop(run=run)
    run = worker.finish()
    assert numbers(run) == list(range(1, run.epoch + 1))
    first, second = run.attempts.all()
    assert second.first_epoch == first.last_epoch + 1


def test_stop_while_it_starts() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.state == State.RUNNING and run.environment)
    run_stop(run=run)
    assert worker.finish().state == State.STOPPED
    assert not trainers(run)


def test_a_killed_trainer_goes_on_by_itself() -> None:
    run = launch(epochs=30, config={"options": {"noisy": True, "pause": 0.02}})
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 2)
    for process in trainers(run):
        process.send_signal(signal.SIGKILL)
    run = worker.finish()
    assert run.state == State.DONE
    assert numbers(run) == list(range(1, 31))
    assert outcomes(run) == [("crashed", -9), ("done", 0)]


def test_a_trainer_that_always_dies_is_lost_and_not_failed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_ATTEMPTS = 2
    die = ["/bin/sh", "-c", "kill -9 $$"]
    monkeypatch.setattr("experiments.worker.trainer.trainer_command", lambda run, folder: die)
    run = execute(launch())
    assert (run.state, run.error) == (State.LOST, LOST_ERROR)
    assert outcomes(run) == [("crashed", -9)] * 2
    assert run.can_resume


def test_a_worker_that_is_told_to_end_gives_the_run_back() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    supervision.shutting_down.set()
    run = worker.finish()
    assert (run.state, run.attempt) == (State.QUEUED, 0)
    assert outcomes(run) == [("released", 3)]
    assert not trainers(run)


def test_a_deleted_run_takes_its_trainer_and_files_along() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    run_delete(run=run)
    worker.join(60)
    assert not worker.is_alive()
    assert not trainers(run)
    assert not default_storage.exists(run.folder)


def test_a_worker_that_lost_its_lease_kills_its_trainer_and_changes_nothing() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    before = trainers(run)
    Run.objects.filter(pk=run.pk).update(lease_token=9, state=State.QUEUED)
    worker.wait(lambda run: run.state == State.RUNNING)  # it looks for work, and finds this again
    assert not [process for process in before if process.is_running()]
    done = run.epoch
    worker.wait(lambda run: run.epoch > done)
    run_stop(run=run)
    run = worker.finish()
    assert numbers(run) == list(range(1, run.epoch + 1))
    assert [outcome for outcome, _ in outcomes(run)] == ["lost", "stopped"]
    assert list(run.attempts.values_list("number", flat=True)) == [1, 10]


def test_an_orphan_is_ended_before_someone_else_trains_in_its_folder() -> None:
    """A trainer of a worker that is gone, and that the kernel did not end."""
    run = launch(epochs=2000)
    folder = Path(default_storage.path(run.folder))
    folder.mkdir(parents=True)
    lock = FolderLock(folder)
    lock.take()
    orphan = TrainerProcess(run, folder, lock)
    lock.close()
    process = psutil.Process(orphan.pid)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    assert gone(process)
    orphan.wait(10)
    run_stop(run=run)
    run = worker.finish()
    assert numbers(run) == list(range(1, run.epoch + 1))


def test_a_run_that_is_done_trains_on() -> None:
    run = execute(launch(epochs=2))
    assert run_resume(run=run, epochs=4)
    run = execute(run)
    assert (run.state, run.error, run.epoch) == (State.DONE, "", 4)
    assert numbers(run) == [1, 2, 3, 4]
    assert [outcome for outcome, _ in outcomes(run)] == ["done", "done"]
    assert Checkpoint.objects.get(key=run.checkpoint_key).sidecar["training"]["epochs"] == 4


def test_a_run_does_not_go_on_with_other_data(settings: Settings) -> None:
    """One image of the same length in its place: nothing but its bytes tells."""
    images = sorted((settings.DATA_ROOT / "streets" / "train" / "images").iterdir())
    for path in images:
        Image.open(path).save(path, "BMP")
    run = execute(launch(epochs=1))
    before = images[2].stat()
    Image.open(images[2]).transpose(Image.Transpose.ROTATE_180).save(images[2], "BMP")
    assert images[2].stat().st_size == before.st_size
    assert run_resume(run=run, epochs=2)
    resumed = execute(run)
    assert (resumed.state, resumed.epoch) == (State.FAILED, 1)
    assert "The data has changed" in resumed.error
    assert "media" not in resumed.error
    again = execute(launch(epochs=1))
    assert (again.state, again.error) == (State.DONE, "")
    assert again.dataset not in (None, run.dataset)


def hang(run: Run) -> None:
    for process in trainers(run):
        process.suspend()


def test_a_trainer_that_hangs_is_ended_and_the_run_goes_on(settings: Settings) -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    hang(run)
    settings.STALL_SECONDS = 3
    worker.wait(lambda run: outcomes(run)[:1] == [("stalled", -9)])
    settings.STALL_SECONDS = 300
    done = run.epoch
    worker.wait(lambda run: run.epoch > done)
    run_stop(run=run)
    run = worker.finish()
    assert numbers(run) == list(range(1, run.epoch + 1))
    assert [outcome for outcome, _ in outcomes(run)] == ["stalled", "stopped"]


def test_a_run_that_hangs_each_time_is_lost_with_a_sentence(settings: Settings) -> None:
    settings.MAX_ATTEMPTS = 1
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    hang(run)
    settings.STALL_SECONDS = 3
    run = worker.finish()
    assert (run.state, run.error) == (State.LOST, supervision.STALLED)


@pytest.mark.parametrize("circles", ["step", "loader"])
def test_a_trainer_that_goes_in_circles_is_told_as_one_that_hangs(
    circles: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processor is busy for ever, and nothing comes of it."""
    monkeypatch.setattr(progress, "STARVED_SHARE", 0)  # others may use this machine as well
    monkeypatch.setattr(progress, "BUSY_FACTOR", 1)
    settings.MAX_ATTEMPTS = 1
    options = {"noisy": True, "circles": circles}
    run = launch(epochs=2000, config={"workers": int(circles == "loader"), "options": options})
    worker = Worker(run)
    worker.wait(lambda run: run.steps)  # it has begun
    settings.STALL_SECONDS = 5
    run = worker.finish()
    assert (run.state, run.error) == (State.LOST, supervision.STALLED)
    assert outcomes(run) == [("stalled", -9)]
    assert not trainers(run)


def test_a_hung_trainer_is_stopped_within_seconds() -> None:
    run = launch(epochs=2000)
    worker = Worker(run)
    worker.wait(lambda run: run.epoch >= 1)
    hang(run)
    asked = time.monotonic()
    run_stop(run=run)
    run = worker.finish()
    assert time.monotonic() - asked < supervision.STOP_SECONDS / 2
    assert (run.state, run.error) == (State.STOPPED, "")


@pytest.mark.parametrize("gpus", [2, 3])
def test_more_gpus_than_there_are_are_refused(gpus: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run = execute(launch(gpus=gpus))
    assert (run.state, run.error) == (State.FAILED, TOO_FEW_GPUS)
    look = preflight_request(
        owner=None,
        architecture="tiny",
        variant="full",
        data="streets",
        gpus=gpus,
        config=CONFIG,
    )
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert (look.state, look.error) == (State.FAILED, TOO_FEW_GPUS)


def test_two_processes_train_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")  # torch finds none, and trains all the same
    run = execute(launch(gpus=2, epochs=2, config={"batch": 4}))
    assert (run.state, run.error) == (State.DONE, "")
    assert numbers(run) == [1, 2]
    assert "torch.distributed.run" in run.environment["command"]
    with default_storage.open(f"{run.folder}/events.jsonl") as file:
        start = json.loads(file.readline())
    assert start["processes"] == 2


def test_images_with_the_longest_names_are_kept(settings: Settings) -> None:
    val = settings.DATA_ROOT / "streets" / "val"
    for folder in ("images", "masks"):
        for number, path in enumerate(sorted((val / folder).iterdir())):
            path.rename(path.with_name(f"{'n' * 240}{number}{path.suffix}"))
    run = execute(launch(epochs=1))
    assert (run.state, run.error) == (State.DONE, "")
    assert run.probes.count() == 1
    for name in (run.probes.get().file.name, run.probes.get().image, run.probes.get().truth):
        assert default_storage.exists(name)
    assert all(image.kept for image in run_results(run)["worst"])


def test_attempts_without_an_epoch_are_what_counts(settings: Settings) -> None:
    """A long run may be killed often, as long as it gets on."""
    settings.MAX_ATTEMPTS = 2
    run = launch(epochs=2000)
    worker = Worker(run)
    done = 0
    for kills in range(1, 4):
        worker.wait(lambda run, done=done: run.epoch > done)
        for process in trainers(run):
            process.kill()
        crashed = [("crashed", -9)] * kills
        worker.wait(lambda run, crashed=crashed: outcomes(run)[: len(crashed)] == crashed)
        run.refresh_from_db()
        done = run.epoch
    worker.wait(lambda run: run.epoch > done)
    run_stop(run=run)
    run = worker.finish()
    assert numbers(run) == list(range(1, run.epoch + 1))
    assert outcomes(run)[:-1] == crashed


def test_a_stopped_run_whose_worker_died_is_not_trained_again(settings: Settings) -> None:
    run = launch()
    Run.objects.filter(pk=run.pk).update(stop_requested=True)
    run = execute(run)
    assert run.state == State.STOPPED
    assert not run.epoch_rows.exists()


def test_the_sweeper_wakes_what_waits() -> None:
    run = launch()
    Run.objects.filter(pk=run.pk).update(queued_at="2026-01-01T00:00Z")
    assert sweep_once().woken == 1


def test_preflight_audits_the_data_and_tries_a_batch() -> None:
    look = preflight_request(
        owner=None, architecture="tiny", variant="full", data="streets", epochs=3, config=CONFIG
    )
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert (look.state, look.error, look.blocking) == (State.DONE, "", [])
    assert look.result["images"] == {"train": 6, "val": 3}
    assert look.result["batch"]["peak_bytes"] > 2**20
    assert look.result["batch"]["parameters"] > 100
    assert look.result["estimate"]["basis"] == "measured batch"


def test_a_preflight_tells_how_far_it_is_and_ends_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = preflight_request(
        owner=None, architecture="tiny", variant="full", data="streets", epochs=3, config=CONFIG
    )
    told = []

    def update(*, lease: Lease, **fields: Any) -> bool:
        told.append(fields["result"])
        assert preflight_stop(preflight=look)
        return job_update(lease=lease, **fields)

    monkeypatch.setattr(preflights, "job_update", update)
    monkeypatch.setattr(preflights, "TOLD_SECONDS", 0.01)
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert (look.state, look.error, look.result, len(told)) == (State.STOPPED, "", {}, 1)
    assert not preflight_stop(preflight=look)


def test_preflight_finds_what_forbids_to_launch(settings: Settings) -> None:
    (settings.DATA_ROOT / "streets" / "val" / "masks" / "val00.png").write_bytes(b"no image")
    request = {"architecture": "tiny", "variant": "full", "data": "streets", "config": CONFIG}
    look = preflight_request(owner=None, **request)
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert look.state == State.DONE
    assert "val00" in look.blocking[0]["files"][0]
    assert look.result["batch"] is None


def test_preflight_says_what_the_network_does_not_know() -> None:
    config = CONFIG | {"options": {"nothing": 1}}
    request = {"architecture": "tiny", "variant": "full", "data": "streets", "config": config}
    look = preflight_request(owner=None, **request)
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert look.state == State.FAILED
    assert "no option 'nothing'" in look.error


def test_an_estimate_looks_at_earlier_runs() -> None:
    execute(launch(epochs=3))
    request = {"architecture": "tiny", "variant": "full", "data": "streets", "epochs": 10}
    look = preflight_request(owner=None, **request, config=CONFIG)
    preflight_execute(str(look.pk))
    look.refresh_from_db()
    assert look.result["estimate"]["basis"] == "earlier runs"
    assert 0 < look.result["estimate"]["seconds"] < 60

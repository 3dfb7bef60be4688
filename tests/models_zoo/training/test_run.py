"""One run in one process: what it leaves, how it goes on, and how it ends when something fails."""

import errno
import json
import os
import pickle
import shutil
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import REQUIRED
from models_zoo.files import sha256_of
from models_zoo.masks import read_mask
from models_zoo.metrics import scores
from models_zoo.metrics.regions import image_miou
from models_zoo.training import loop, run
from models_zoo.training.loop import Trainer
from models_zoo.training.optimisation import Optimisation
from models_zoo.training.record import pictures
from models_zoo.training.record.events import EventLog, events_read
from models_zoo.training.record.failures import Failure, Kind, Stopped, TrainingFailed
from models_zoo.training.record.state import state_files, state_load, state_save
from models_zoo.training.run import train
from tests.models_zoo.fixtures import draw_folder, tiny_catalogue, tiny_config


@pytest.fixture(scope="module", autouse=True)
def _catalogue():
    with tiny_catalogue():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("data") / "streets", train=6, val=3)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """The folder and the sidecar of a run without faults."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    return out, train(tiny_config(data), out)


def events(out, kind: str) -> list[dict]:
    return [event for event in events_read(out) if event["event"] == kind]


def weights_hash(out) -> str:
    return sha256_of(out / "best.safetensors")


def test_events_tell_the_run(finished):
    out, sidecar = finished
    kinds = [event["event"] for event in events_read(out)]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert [event["epoch"] for event in events(out, "epoch")] == [1, 2]
    epoch = events(out, "epoch")[0]
    wanted = {"loss", "val_loss", "lr", "seconds", "images_per_second", "confusion"}
    wanted |= {"miou", "train_miou", "per_class_iou"}
    assert wanted <= set(epoch)
    assert np.array(epoch["confusion"]).shape == (3, 3)
    best = events(out, "checkpoint")[-1]
    assert best["sha256"] == sidecar["sha256"] == weights_hash(out)
    assert best["miou"] == max(event["miou"] for event in events(out, "epoch"))


def test_the_sidecar_says_all_that_a_checkpoint_needs(finished):
    out, sidecar = finished
    assert resolve(str(out / "best.safetensors")).sidecar == json.loads(json.dumps(sidecar))
    assert set(REQUIRED) <= set(sidecar)
    assert sidecar["key"] == "streets-tiny-full"
    assert sidecar["training"]["data"] == "folder:PATH"
    assert sidecar["scores"][0]["passport"]["checkpoint_sha256"] == weights_hash(out)
    assert sidecar["scores"][0]["passport"]["precision"] == "fp32"


def test_train_and_val_figures_are_of_the_same_kind(finished):
    """A loss on val is the objective's, and the train mIoU that of the batches' own logits."""
    epochs = events(finished[0], "epoch")
    for epoch in epochs:
        assert 0 < epoch["train_miou"] < 1
        assert abs(np.log(epoch["val_loss"] / epoch["loss"])) < 1
    assert epochs[1]["val_loss"] < epochs[0]["val_loss"]


def test_the_counts_of_each_image_add_up_to_the_scores(finished):
    out, sidecar = finished
    kept = json.loads((out / "best.evaluation.json").read_text())
    counts = np.array(sidecar["scores"][0]["confusion"])
    for name, whole in (("hits", counts.diagonal()), ("truth", counts.sum(1))):
        assert (np.sum([image[name] for image in kept["per_image"]], axis=0) == whole).all()
    names = {image["name"] for image in kept["per_image"]}
    assert names == {"val00", "val01", "val02"}
    for folder, suffix in (("masks", "png"), ("images", "jpg"), ("truth", "png")):
        assert {path.name for path in (out / folder).iterdir()} == {f"{n}.{suffix}" for n in names}


@pytest.mark.slow
def test_only_the_worst_masks_are_kept(finished, data, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "WORST", 1)
    train(tiny_config(data), tmp_path / "run")
    per_image = json.loads((finished[0] / "best.evaluation.json").read_text())["per_image"]
    worst = min(per_image, key=image_miou)
    assert [path.stem for path in (tmp_path / "run" / "masks").iterdir()] == [worst["name"]]


def test_probes_are_kept_each_epoch(finished):
    out, _ = finished
    names = [str(path.relative_to(out)) for path in sorted(out.glob("probes/*/*"))]
    assert names == ["probes/0001/val00.png", "probes/0002/val00.png"]
    assert read_mask(out / names[0]).shape == (32, 40)


def test_a_run_leaves_nothing_half_done(finished):
    out, _ = finished
    files = {path.name for path in out.iterdir()}
    states = {path.name for path in state_files(out)}
    assert len(states) == 2
    assert files - states == {
        "audit.json", "best.evaluation.json", "best.json", "best.safetensors", "events.jsonl",
        "images", "masks", "probes", "truth",
    }  # fmt: skip


def test_a_folder_with_a_run_is_not_overwritten(finished, data):
    before = weights_hash(finished[0])
    with pytest.raises(ValueError, match="holds a run already"):
        train(tiny_config(data), finished[0])
    assert weights_hash(finished[0]) == before


def test_a_finished_run_resumes_to_the_same_end(finished, data):
    out, sidecar = finished
    again = train(tiny_config(data), out, resume=True)
    assert again["sha256"] == sidecar["sha256"]
    assert len(events(out, "end")) == 1
    assert len(events(out, "epoch")) == 2


def test_another_configuration_does_not_resume(finished, data):
    with pytest.raises(ValueError, match="another seed, lr"):
        train(tiny_config(data, seed=1, lr=0.5), finished[0], resume=True)


@pytest.mark.slow
def test_a_finished_run_goes_on_for_more_epochs_but_not_for_fewer(finished, data, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "run")
    assert train(tiny_config(data, epochs=4), out, resume=True)["training"]["epochs"] == 4
    assert [event["epoch"] for event in events(out, "epoch")] == [1, 2, 3, 4]
    assert [event["epoch"] for event in events(out, "end")] == [2, 4]
    with pytest.raises(ValueError, match="another epochs"):
        train(tiny_config(data, epochs=3), out, resume=True)


def test_a_state_from_before_the_word_architecture_resumes(finished, data, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "run")
    state = state_load(out)
    config = state["config"] | {"arch": "tiny"}
    del config["architecture"]
    config |= {name: tuple(config[name]) for name in ("crop", "scale")}
    state_save(out, 99, state | {"config": config})
    assert train(tiny_config(data), out, resume=True)["sha256"] == finished[1]["sha256"]
    with pytest.raises(ValueError, match="another lr"):
        train(tiny_config(data, lr=0.5), out, resume=True)


@pytest.mark.parametrize(("spoiled", "epoch"), [(1, 1), (2, 0)])
def test_damaged_states_are_told_and_cost_epochs_only(spoiled, epoch, finished, data, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "damaged")
    names = [path.name for path in state_files(out)]
    for path in state_files(out)[-spoiled:]:
        path.write_bytes(path.read_bytes()[:-100])
    train(tiny_config(data), out, resume=True)
    (fallback,) = events(out, "fallback")
    assert (fallback["epoch"], fallback["step"]) == (epoch, 0)
    assert sorted(fallback["damaged"]) == names[-spoiled:]
    again = [1, 2] if epoch == 0 else [2]
    assert [event["epoch"] for event in events(out, "epoch")] == [1, 2, *again]
    assert weights_hash(out) == weights_hash(finished[0])


def test_weights_that_a_lost_epoch_replaced_are_not_the_best(finished, data, tmp_path, monkeypatch):
    out = shutil.copytree(finished[0], tmp_path / "damaged")
    newest = state_files(out)[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    # Trained again, the second epoch is worse than the first, whose weights it had replaced.
    monkeypatch.setattr(loop, "scores", lambda counts: scores(counts * 0))
    (out / loop.WEIGHTS_NAME).write_bytes(b"of the lost epoch")
    sidecar = train(tiny_config(data), out, resume=True)
    assert sidecar["sha256"] == weights_hash(out)


def test_a_failure_comes_whole_out_of_another_process():
    failure = Failure(Kind.DIVERGED, "The loss is no number.", 4)
    assert pickle.loads(pickle.dumps(TrainingFailed(failure))).failure == failure


def test_changed_data_does_not_resume(finished, tmp_path):
    other = draw_folder(tmp_path / "other", train=6, val=4)
    with pytest.raises(ValueError, match="data has changed"):
        train(tiny_config(other), finished[0], resume=True)


def test_classes_in_another_order_do_not_resume(tmp_path):
    data = draw_folder(tmp_path / "streets", train=6, val=3)
    described = json.loads((tmp_path / "streets" / "classes.json").read_text())
    train(tiny_config(data), tmp_path / "run")
    described["classes"] = ["road", "sky", "car"]
    (tmp_path / "streets" / "classes.json").write_text(json.dumps(described))
    with pytest.raises(ValueError, match="data has changed"):
        train(tiny_config(data), tmp_path / "run", resume=True)


def test_a_second_try_in_a_folder_is_audited_like_the_first(tmp_path, monkeypatch):
    """A mask with an id that is no class trained as the last class."""
    data = draw_folder(tmp_path / "streets", train=6, val=3)
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "run", lambda trainer: (_ for _ in ()).throw(Stopped))
        with pytest.raises(Stopped):
            train(tiny_config(data), tmp_path / "run")
    assert not state_files(tmp_path / "run")
    mask = tmp_path / "streets" / "train" / "masks" / "train03.png"
    Image.fromarray(np.full((32, 40), 77, np.uint8)).save(mask)
    for resume in (False, True):
        with pytest.raises(ValueError, match=r"train/train03 \(77\)"):
            train(tiny_config(data), tmp_path / "run", resume=resume)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(finished, data, tmp_path):
    train(tiny_config(data, workers=1), tmp_path / "same")
    train(tiny_config(data, seed=1), tmp_path / "other")
    assert weights_hash(tmp_path / "same") == weights_hash(finished[0])
    assert weights_hash(tmp_path / "other") != weights_hash(finished[0])


class Killed(BaseException):
    """Stands for kill -9: nothing catches it and nothing is tidied up."""


def kill_at(monkeypatch, owner, name: str, call: int, *, after: bool) -> None:
    """Lets the `call`-th call of `owner.name` end the run, before or after its effect."""
    original, calls = getattr(owner, name), []

    def killed(*args, **kwargs):
        calls.append(name)
        if len(calls) < call:
            return original(*args, **kwargs)
        if after:
            original(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, name, killed)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        (Optimisation, "step", 2),
        (Optimisation, "step", 5),
        (loop, "weights_save", 1),
        (Trainer, "save", 1),
        (Trainer, "settle", 1),
        (EventLog, "write_once", 1),
        (EventLog, "write_once", 2),
        (run, "sidecar_save", 1),
    ],
)
def test_killed_anywhere_and_resumed_it_ends_the_same(
    owner, name, call, after, finished, data, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        kill_at(patch, owner, name, call, after=after)
        with pytest.raises(Killed):
            train(tiny_config(data), tmp_path)
    sidecar = train(tiny_config(data), tmp_path, resume=True)
    assert sidecar["sha256"] == weights_hash(tmp_path) == finished[1]["sha256"]
    assert [event["epoch"] for event in events(tmp_path, "epoch")] == [1, 2]
    wanted = [(e["epoch"], e["sha256"]) for e in events(finished[0], "checkpoint")]
    assert [(e["epoch"], e["sha256"]) for e in events(tmp_path, "checkpoint")] == wanted
    assert not list(tmp_path.glob(".*.tmp"))
    assert not (tmp_path / "pending.safetensors").exists()


def test_a_line_cut_off_by_a_kill_is_mended(tmp_path):
    (tmp_path / "events.jsonl").write_text('{"event": "epoch", "epoch": 1}\n{"event": "epo')
    log = EventLog(tmp_path)
    log.write_once("epoch", epoch=1)
    log.write_once("epoch", epoch=2)
    assert [event["epoch"] for event in events_read(tmp_path)] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_step_and_it_resumes(
    number, finished, data, tmp_path, monkeypatch
):
    original, steps = Optimisation.step, []

    def step(self, *args, **kwargs):
        steps.append(1)
        if len(steps) == 2:
            os.kill(os.getpid(), number)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Optimisation, "step", step)
    before = signal.getsignal(number)
    with pytest.raises(Stopped):
        train(tiny_config(data), tmp_path)
    assert signal.getsignal(number) == before
    assert len(steps) <= 3
    assert events(tmp_path, "stopped")
    train(tiny_config(data), tmp_path, resume=True)
    assert weights_hash(tmp_path) == weights_hash(finished[0])
    assert len(steps) == 6  # no step was done twice


def fail_with(monkeypatch, error: BaseException) -> None:
    def step(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(Optimisation, "step", step)


FULL = "The memory is full"


@pytest.mark.parametrize(
    ("error", "sentence", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), FULL, "memory_full"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9"), FULL, "memory_full"),
        (MemoryError(), FULL, "memory_full"),
        (OSError(errno.ENOSPC, "No space left"), "The disk is full", "disk_full"),
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal"),
            "loads images was killed",
            "loader_killed",
        ),
        *(
            (RuntimeError(text), "in a container: shm_size", "shared_memory_full")
            for text in (
                "unable to write to file </torch_76_36>: No space left on device (28)",
                "unable to allocate shared memory(shm) for file </torch_9_1_0>: No space left",
                "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that "
                "dataloader's workers are out of shared memory.",
            )
        ),
    ],
)
def test_failures_are_sentences(error, sentence, kind, data, tmp_path, monkeypatch):
    fail_with(monkeypatch, error)
    with pytest.raises(TrainingFailed, match=sentence):
        train(tiny_config(data), tmp_path)
    failure = events(tmp_path, "failure")[0]
    assert sentence in failure["message"]
    assert (failure["kind"], failure["code"]) == (kind, 4)


def test_what_nobody_foresaw_is_written_and_raised(data, tmp_path, monkeypatch):
    fail_with(monkeypatch, RuntimeError("odd"))
    with pytest.raises(RuntimeError, match="odd"):
        train(tiny_config(data), tmp_path)
    failure = events(tmp_path, "failure")[0]
    assert (failure["message"], failure["kind"], failure["code"]) == ("odd", "unforeseen", 1)


def test_what_does_not_fit_is_an_event_too(data, tmp_path):
    with pytest.raises(ValueError, match="no option 'nothing'"):
        train(tiny_config(data, options={"nothing": 1}), tmp_path)
    failure = events(tmp_path, "failure")[0]
    assert (failure["kind"], failure["code"]) == ("misfit", 2)


def test_a_loss_that_is_no_number_ends_the_run(data, tmp_path):
    with pytest.raises(TrainingFailed, match=r"loss became nan|loss became inf"):
        train(tiny_config(data, lr=1e30, optimizer="sgd", epochs=9), tmp_path)
    assert "lower learning rate" in events(tmp_path, "failure")[0]["message"]


def test_a_full_disk_leaves_the_last_state_and_an_event(data, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        original = os.fsync

        def fsync(descriptor: int) -> None:
            if list(tmp_path.glob(".state-*.tmp")) and state_files(tmp_path):
                raise OSError(errno.ENOSPC, "No space left on device")
            original(descriptor)

        patch.setattr(os, "fsync", fsync)
        with pytest.raises(TrainingFailed, match="The disk is full"):
            train(tiny_config(data), tmp_path)
    assert not list(tmp_path.glob(".*.tmp"))
    assert len(state_files(tmp_path)) == 1
    train(tiny_config(data), tmp_path, resume=True)
    assert [event["epoch"] for event in events(tmp_path, "epoch")] == [1, 2]


def test_patience_ends_a_run_that_gets_no_better(data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "scores", lambda counts: {"miou": 0.5})
    train(tiny_config(data, epochs=9, patience=2), tmp_path)
    assert [event["epoch"] for event in events(tmp_path, "epoch")] == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "schedule": "poly", "lr": 0.01},
        {"accumulate": 2, "ema": 0.9, "loss": "ohem", "schedule": "step"},
        {"loss": "dice", "class_weights": "median", "precision": "bf16"},
        {"options": {"aux": True}, "loss": "focal"},
    ],
    ids=["sgd", "ema", "bf16", "aux"],
)
def test_every_choice_trains_and_resumes_bit_identical(changes, data, tmp_path, monkeypatch):
    config = tiny_config(data, **changes)
    whole = train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        kill_at(patch, Optimisation, "step", 5, after=True)
        with pytest.raises(Killed):
            train(config, tmp_path / "killed")
    assert train(config, tmp_path / "killed", resume=True)["sha256"] == whole["sha256"]
    assert whole["options"] == config.options


def test_averaged_weights_are_what_is_scored_and_kept(data, tmp_path):
    plain, averaged = (
        train(tiny_config(data, ema=decay), tmp_path / str(decay)) for decay in (0.0, 0.9)
    )
    assert plain["sha256"] != averaged["sha256"]


@pytest.mark.slow
def test_a_network_learns(data, tmp_path):
    sidecar = train(tiny_config(data, options={}, epochs=12, lr=0.03), tmp_path)
    assert sidecar["scores"][0]["miou"] > 0.5
    losses = [event["loss"] for event in events(tmp_path, "epoch")]
    assert losses[-1] < losses[0] / 2

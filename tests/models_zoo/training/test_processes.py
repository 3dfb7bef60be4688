"""Training as a real process: kill -9 at random moments, SIGTERM, several processes at once."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

from models_zoo.files import sha256_of
from models_zoo.training.record.events import events_read
from models_zoo.training.record.state import state_load
from tests.models_zoo.fixtures import draw_folder

pytestmark = pytest.mark.slow

KILLS = 10
PATIENCE = 400  # seconds, for a machine that is busy with other things
SETTINGS = ["crop=32,32", "batch=2", "precision=fp32", "probes=1", "options.noisy=true"]
SAME_GRADIENTS = ["crop=32,32", "batch=8", "precision=fp32", "flip=false", "optimizer=sgd"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("data") / "streets", train=8, val=2)


def words(data, out, *more: str, epochs: int, settings=SETTINGS) -> list[str]:
    train = ["-m", "models_zoo", "train", "--arch", "tiny", "--variant", "full", "--data", data]
    train += ["--epochs", str(epochs), "--out", str(out), "--json", *more]
    return train + [word for setting in settings for word in ("--set", setting)]


def environment() -> dict[str, str]:
    threads = {"OMP_NUM_THREADS": "1", "SEGWEB_CATALOGUE": "tests.models_zoo.tiny"}
    return os.environ | threads | {"PYTHONPATH": "."}


def start(arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(arguments: list[str]) -> dict:
    process = start(arguments)
    output, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error
    results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert len(results) == 1, "a training reports once, on however many processes it runs"
    return results[0]


def kill_group(process: subprocess.Popen, number: int) -> None:
    os.killpg(process.pid, number)
    process.wait(timeout=PATIENCE)
    process.stdout.close()
    process.stderr.close()


def progressed(out, size: int, process: subprocess.Popen) -> bool:
    """Waits until the run's folder holds more than `size` bytes of events, or the run ended."""
    while process.poll() is None:
        path = out / "events.jsonl"
        if path.exists() and path.stat().st_size > size:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.timeout(3 * PATIENCE)
def test_killed_at_random_it_ends_bit_identical(data, tmp_path):
    epochs = 20 * KILLS  # an epoch takes a fortieth of a second: enough for every kill to meet some
    whole, out, dice = tmp_path / "whole", tmp_path / "killed", random.Random(0)
    finish(words(data, whole, epochs=epochs))
    times = [event["time"] for event in events_read(whole) if event["event"] == "epoch"]
    ten_epochs = 10 * (times[-1] - times[0]) / (epochs - 1)  # at this machine's pace
    for _ in range(KILLS):
        size = (out / "events.jsonl").stat().st_size if out.exists() else 0
        process = start(words(data, out, "--resume", epochs=epochs))
        assert progressed(out, size, process)
        time.sleep(dice.uniform(0, ten_epochs))
        kill_group(process, signal.SIGKILL)
    assert 0 < len(epochs_logged(out)) < epochs
    finish(words(data, out, "--resume", epochs=epochs))
    assert sha256_of(out / "best.safetensors") == sha256_of(whole / "best.safetensors")
    assert network(out) == network(whole)
    assert epochs_logged(out) == list(range(1, epochs + 1))
    assert not list(out.glob(".*.tmp"))


def epochs_logged(out) -> list[int]:
    return [event["epoch"] for event in events_read(out) if event["event"] == "epoch"]


def network(out) -> dict:
    """The last weights, as bytes by name."""
    weights = state_load(out)["network"]
    return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}


def test_sigterm_to_the_whole_group_saves_and_exits_with_its_own_code(data, tmp_path):
    process = start(words(data, tmp_path / "run", epochs=500))
    assert progressed(tmp_path / "run", 2000, process)
    os.killpg(process.pid, signal.SIGTERM)
    output, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, error
    assert json.loads(output.splitlines()[-1]) == {"stopped": True}
    events = list(events_read(tmp_path / "run"))
    assert events[-1]["event"] == "stopped"
    epochs = sum(event["event"] == "epoch" for event in events)
    assert state_load(tmp_path / "run")["position"]["epoch"] == epochs
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_disk_without_room_is_an_event_and_an_exit_code(data, tmp_path):
    """A limit on the size of files stands for the full disk: weights do not fit, a line does."""
    limited = (
        "import resource, runpy, signal, sys;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000));"
        "sys.argv[0] = 'models_zoo';"
        "runpy.run_module('models_zoo', run_name='__main__')"
    )
    train = words(data, tmp_path / "run", epochs=2, settings=[*SETTINGS, "workers=0"])
    process = start(["-c", limited, *train[2:]])
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4, error
    assert "The disk is full" in error
    assert len(error.strip().splitlines()) == 1
    failure = list(events_read(tmp_path / "run"))[-1]
    assert failure["event"] == "failure"
    assert "resume the run" in failure["message"]
    assert not list((tmp_path / "run").glob(".*.tmp"))


def torchrun(count: int) -> list[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [f"--nproc-per-node={count}", "--master-addr=127.0.0.1", f"--master-port={port}"]
    return ["-m", "torch.distributed.run", *flags]


@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_two_processes_learn_what_one_learns(accumulate, data, tmp_path):
    """Eight images, one step: no BN and no dropout, so the gradients are the same."""
    settings = [*SAME_GRADIENTS, "lr=0.1", "workers=0"]
    finish(words(data, tmp_path / "one", epochs=1, settings=settings))
    settings.append(f"accumulate={accumulate}")
    train = words(data, tmp_path / "two", epochs=1, settings=settings)
    finish([*torchrun(2), *train])
    one, two = (state_load(tmp_path / name)["network"] for name in ("one", "two"))
    for name, weights in one.items():
        torch.testing.assert_close(two[name], weights, atol=1e-5, rtol=1e-5)
    scores = [
        next(event for event in events_read(tmp_path / name) if event["event"] == "epoch")
        for name in ("one", "two")
    ]
    assert scores[0]["loss"] == pytest.approx(scores[1]["loss"], abs=1e-5)
    assert sum(map(sum, scores[0]["confusion"])) == sum(map(sum, scores[1]["confusion"]))


@pytest.mark.timeout(2 * PATIENCE)
def test_two_processes_stop_together_and_resume(data, tmp_path):
    settings = [*SETTINGS, "accumulate=1"]
    train = words(data, tmp_path / "run", epochs=300, settings=settings)
    process = start([*torchrun(2), *train])
    assert progressed(tmp_path / "run", 2000, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    stopped = list(events_read(tmp_path / "run"))
    assert stopped[-1]["event"] == "stopped"
    position = state_load(tmp_path / "run")["position"]
    process = start([*torchrun(2), *train, "--resume"])
    assert progressed(tmp_path / "run", (tmp_path / "run" / "events.jsonl").stat().st_size, process)
    process.send_signal(signal.SIGTERM)  # torchrun's processes are no part of its group
    process.communicate(timeout=PATIENCE)
    again = [event for event in events_read(tmp_path / "run") if event["event"] == "start"][-1]
    assert again["resumed"]
    assert again["processes"] == 2
    assert again["epoch"] == position["epoch"]

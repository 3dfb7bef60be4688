"""Trainings elsewhere that log here: MLflow's own client, four processes at once, our client."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.runs import segweb_client
from tests.stack import Stack, stack_up
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ACCOUNT = """
import django; django.setup()
from django.contrib.auth.models import User
from segweb.http.tokens import token_make
print(token_make(user=User.objects.create_user("ann"), name="script"))
"""
# A data set, so that classes have names.
STREETS = """
import django; django.setup()
from experiments.models import Dataset
classes = [{"id": n, "name": name, "colour": "#000000"} for n, name in enumerate(("sky", "road"))]
Dataset.objects.create(slug="streets", title="Streets", classes=classes)
"""
TOLD = """
import sys, json, django; django.setup()
from experiments.models import Artifact, Epoch, Point, Run
run = Run.objects.filter(name=sys.argv[1]).latest("pk")
print(json.dumps({
    "state": run.state, "dataset": run.dataset and run.dataset.slug, "best": run.best_epoch,
    "architecture": run.architecture, "config": run.config, "experiment": str(run.experiment),
    "epochs": list(Epoch.objects.filter(run=run).values_list("number", "miou", "loss")),
    "classes": list(Epoch.objects.filter(run=run).values_list("per_class_iou", flat=True)),
    "points": Point.objects.filter(series__run=run).count(),
    "files": list(Artifact.objects.filter(run=run).values_list("path", flat=True)),
}))
"""
SCRIPT = """
import numpy, mlflow
mlflow.set_experiment("streets")
with mlflow.start_run(run_name="by mlflow") as run:
    mlflow.log_params({"arch": "unet", "dataset": "streets", "lr": 0.01})
    for step in range(20):
        mlflow.log_metric("train/loss", 1 / (step + 1), step=step)
        if step % 5 == 4:
            figures = {"val/mIoU": step / 20, "iou/sky": 0.5, "iou/road": 0.25}
            mlflow.log_metrics(figures | {"odd": float("nan")}, step=step)
            mlflow.log_image(numpy.zeros((8, 8, 3), numpy.uint8), key="val", step=step)
    mlflow.log_text("hello", "notes/a.txt")
client = mlflow.MlflowClient()
read = client.get_run(run.info.run_id)
assert read.data.params == {"arch": "unet", "dataset": "streets", "lr": "0.01"}, read.data
assert read.info.status == "FINISHED"
assert len(client.get_metric_history(run.info.run_id, "train/loss")) == 20
assert client.get_metric_history(run.info.run_id, "odd")[0].value != 0
asked = "metrics.`val/mIoU` > 0.5 and params.lr = '0.01'"
found = client.search_runs([read.info.experiment_id], asked)
assert found[0].info.run_id == run.info.run_id  # the newest of them
assert [file.path for file in client.list_artifacts(run.info.run_id, "notes")] == ["notes/a.txt"]
assert mlflow.artifacts.load_text(read.info.artifact_uri + "/notes/a.txt") == "hello"
try:
    client.log_param(run.info.run_id, "lr", "0.1")
except mlflow.exceptions.MlflowException as fault:
    assert fault.error_code == "INVALID_PARAMETER_VALUE", fault
else:
    raise AssertionError("a setting was logged twice")
try:
    client.get_run("999999")
except mlflow.exceptions.MlflowException as fault:
    assert fault.error_code == "RESOURCE_DOES_NOT_EXIST", fault
print(run.info.run_id)
"""
# As each process of a distributed training does; all of them log some of the same.
PROCESS = """
import sys, mlflow
rank = int(sys.argv[2])
client = mlflow.MlflowClient()
for step in range(10):
    metrics = [mlflow.entities.Metric(f"rank{rank}/loss", step, 1, step)]
    metrics += [mlflow.entities.Metric("val/mIoU", step / 10, 1, step)]
    client.log_batch(sys.argv[1], metrics=metrics)
"""
REPORTS = """
import sys, time
from segweb_client import Run
with Run(sys.argv[1], sys.argv[2], name="by our client", architecture="mine", dataset="streets",
         patience=float(sys.argv[3])) as run:
    slowest = 0
    for epoch in range(1, 31):
        began = time.monotonic()
        run.epoch(epoch, loss=1 / epoch, confusion=[[80, 20], [epoch, 100]])
        if epoch % 10 == 0:
            run.mask(epoch, "val/one", [[0, 1], [1, 255]])
        slowest = max(slowest, time.monotonic() - began)
        print("epoch", epoch, flush=True)
        sys.stdin.readline()
    run.epoch("no number", loss=1)
    run.mask(1, "bad", [[1000]])
print("slowest", slowest)
"""


class Script:
    """A stack with an account whose token scripts have."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.token = stack.python("-c", ACCOUNT).split()[-1]
        stack.python("-c", STREETS)
        shutil.copy(segweb_client.__file__, folder)  # as who downloads it has it
        self.env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.env |= {
            "MLFLOW_TRACKING_URI": f"{stack.url}/mlflow",
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def start(self, script: str, *words: str) -> subprocess.Popen[str]:
        """A script in a process of its own, which can be read from and written to."""
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", script, *words]
        named = {"cwd": self.folder, "env": self.env, "text": True}
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, **named)

    def run(self, script: str, *words: str) -> str:
        """What a script prints that ends well."""
        process = self.start(script, *words)
        told, faults = process.communicate(timeout=300)
        assert process.returncode == 0, faults
        return told

    def told(self, name: str) -> dict:
        """What is known of the latest run of that name."""
        return json.loads(self.stack.python("-c", TOLD, name))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    folder = tmp_path_factory.mktemp("scripts")
    stack = stack_up(folder / "var")
    try:
        yield Script(stack, folder)
    finally:
        stack.stop()


def test_a_script_for_mlflow_changes_its_address_alone(script: Script) -> None:
    pytest.importorskip("mlflow")
    script.run(SCRIPT)
    told = script.told("by mlflow")
    assert (told["state"], told["architecture"], told["experiment"]) == ("DONE", "unet", "streets")
    assert (told["dataset"], told["config"]["lr"], told["best"]) == ("streets", 0.01, 4)
    assert [(n, miou) for n, miou, _ in told["epochs"]] == [
        (1, 0.2),
        (2, 0.45),
        (3, 0.7),
        (4, 0.95),
    ]
    assert [loss for _, _, loss in told["epochs"]] == [0.2, 0.1, 1 / 15, 0.05]
    assert told["classes"] == [[0.5, 0.25]] * 4
    assert sum("step" in path and path.endswith(".png") for path in told["files"]) == 4


def test_four_processes_log_at_once(script: Script) -> None:
    pytest.importorskip("mlflow")
    run = script.run(SCRIPT).split()[-1]
    before = script.told("by mlflow")["points"]
    processes = [script.start(PROCESS, run, str(rank)) for rank in range(4)]
    for process in processes:
        _told, faults = process.communicate(timeout=300)
        assert process.returncode == 0, faults
    told = script.told("by mlflow")
    # Of each process its own losses; what all of them told is there once.
    assert told["points"] == before + 4 * 10 + 10
    assert [number for number, _, _ in told["epochs"]] == list(range(1, 13))


def test_our_client_outlives_a_server_that_dies_and_returns(script: Script) -> None:
    training = script.start(REPORTS, script.stack.url, script.token, "120")
    assert training.stdin
    assert training.stdout

    def epoch() -> None:
        training.stdout.readline()
        training.stdin.write("\n")
        training.stdin.flush()

    for _ in range(10):
        epoch()
    wait_until(lambda: len(script.told("by our client")["epochs"]) >= 5, seconds=120)
    script.stack.kill("web")
    for _ in range(10):
        epoch()
    script.stack.start("web")
    wait_until(script.stack.answers, seconds=120)
    for _ in range(10):
        epoch()
    told, faults = training.communicate(timeout=300)
    assert training.returncode == 0, faults
    assert float(told.split()[-1]) < 5  # seconds, of a machine that does much else
    found = script.told("by our client")
    assert found["state"] == "DONE"
    assert [number for number, _, _ in found["epochs"]] == list(range(1, 31))
    assert len(found["files"]) == 3
    assert "is not reported" in faults  # of what was no epoch and no mask


def test_what_could_not_be_sent_is_sent_later(script: Script) -> None:
    training = script.start(REPORTS, script.stack.url, script.token, "1")
    assert training.stdin
    assert training.stdout
    training.stdout.readline()
    wait_until(lambda: script.told("by our client")["epochs"] != [], seconds=120)
    script.stack.signal("web", signal.SIGKILL)
    script.stack.running.pop("web").wait(10)
    _told, faults = training.communicate("\n" * 40, timeout=300)
    assert training.returncode == 0, faults
    (left,) = script.folder.glob("segweb-unsent-*.jsonl")
    script.stack.start("web")
    wait_until(script.stack.answers, seconds=120)
    script.env["SEGWEB_TOKEN"] = script.token
    sent = subprocess.run(
        [sys.executable, segweb_client.__file__, str(left)], env=script.env, check=False
    )
    assert sent.returncode == 0
    found = script.told("by our client")
    assert (found["state"], len(found["epochs"]), len(found["files"])) == ("DONE", 30, 3)

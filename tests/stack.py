"""SegWeb as real processes: Redis, web server, workers and sweeper, each to be killed.

For the tests of `tests/real` and `tests/browser`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from segweb.env import BASE_DIR
from segweb.host import processes, redis_server
from segweb.host.supervisor import Process
from tests.inference.pictures import encoded, noise, upload
from tests.waiting import wait_until

ENDED = ("DONE", "FAILED", "LOST", "STOPPED")
CHECKPOINT_IMPORT = """
import json, sys, django; django.setup()
from pathlib import Path
from experiments.records.checkpoints import checkpoint_import
for weights in map(Path, sys.argv[1:]):
    sidecar = json.loads(weights.with_suffix(".json").read_text())
    checkpoint_import(sidecar=sidecar, weights=weights, shipped=True)
"""


class Stack:
    """A running SegWeb with a var folder, a port and settings of its own."""

    def __init__(self, var: Path, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        ours = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
        self.env = {name: value for name, value in os.environ.items() if name not in ours}
        self.env |= {
            "SEGWEB_VAR": str(var),
            "DJANGO_SETTINGS_MODULE": "segweb.settings",
            "LEASE_SECONDS": "4.5",
            "HEARTBEAT_SECONDS": "0.5",
            "SWEEP_SECONDS": "0.5",
            **settings,
        }
        var.mkdir(exist_ok=True)
        self.var, self.url = var, f"http://127.0.0.1:{self.port}"
        self.running: dict[str, subprocess.Popen] = {}
        self.commands: dict[str, Callable[[], Process]] = {
            "redis": lambda: redis_server.process(redis_server.find_server(), var),
            "web": lambda: processes.web(bind=f"127.0.0.1:{self.port}", threads=24),
            "worker": processes.inference_worker,
            "trainer": processes.training_worker,
            "second trainer": lambda: _renamed(processes.training_worker()),
            "sweeper": processes.sweeper,
        }

    # processes

    def start(self, *names: str) -> None:
        """Start parts by name; each writes its own log into the var folder."""
        for name in names:
            process = self.commands[name]()
            with (self.var / f"{name}.log").open("a") as log:
                self.running[name] = subprocess.Popen(
                    process.command,
                    cwd=BASE_DIR,
                    env=self.env | dict(process.environment),
                    stdout=log,
                    stderr=log,
                )

    def signal(self, name: str, number: int) -> None:
        """Send a signal to one part."""
        self.running[name].send_signal(number)

    def kill(self, *names: str) -> None:
        """Kill -9, and wait until they are gone."""
        for name in names:
            self.running[name].kill()
            self.running.pop(name).wait(10)

    def stop(self) -> None:
        """End whatever still runs."""
        for name in [name for name in self.running if name != "redis"]:
            self.kill(name)
        self.kill(*self.running)
        redis_server.remove_record(self.var)

    def python(self, *words: str) -> str:
        """Run Python in the repository's root with this stack's settings; what it printed."""
        run = subprocess.run(
            [sys.executable, *words], cwd=BASE_DIR, env=self.env, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def redis(self) -> Any:
        """A client of this stack's Redis."""
        import redis

        address = redis_server.recorded_url(self.var).removeprefix("redis+socket://")
        return redis.Redis(unix_socket_path=address.partition("?")[0])

    # REST

    def call(
        self, path: str, data: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of one request; a POST when there are data."""
        address = path if path.startswith("http") else f"{self.url}/api/v1/{path}"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with urlopen(Request(address, data, names), timeout=30) as response:
                return response.status, response.read(), dict(response.headers)
        except HTTPError as problem:
            return problem.code, problem.read(), dict(problem.headers)

    def get(self, path: str) -> Any:
        """A GET's JSON."""
        status, body, _ = self.call(path)
        assert status == 200, body
        return json.loads(body)

    def image_post(self, content: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """Upload an image."""
        form = {"file": upload(content or encoded(noise(96, 64)))}
        body = encode_multipart(BOUNDARY, form)
        status, answer, _ = self.call("images/", body, Content_Type=MULTIPART_CONTENT)
        return status, json.loads(answer)

    def comparison_post(self, image: str, models: Any = "all", **headers: str) -> dict[str, Any]:
        """Send an image through models."""
        body = json.dumps({"image": image, "models": models}).encode()
        headers = {"Content_Type": "application/json", **headers}
        status = 503
        while status in (409, 503):  # the same is being made; the database is busy
            status, answer, _ = self.call("comparisons/", body, **headers)
        assert status == 202, answer
        return json.loads(answer)

    def wait_for(self, comparison: dict[str, Any], *states: str, seconds: float = 60) -> Any:
        """The comparison once every prediction is in one of the states."""
        path = f"comparisons/{comparison['id']}/"
        found: dict[str, Any] = {}

        def arrived() -> bool:
            found.update(self.get(path))
            return all(p["state"] in (states or ENDED) for p in found["predictions"])

        wait_until(arrived, seconds=seconds)
        return found

    def answers(self) -> bool:
        """Whether the web server does."""
        try:
            return urlopen(f"{self.url}/healthz", timeout=5).status == 200
        except OSError:
            return False


S = TypeVar("S", bound=Stack)


def _renamed(worker: Process) -> Process:
    """The same worker once more, which needs a name of its own."""
    command = tuple(word.replace("training@", "second@") for word in worker.command)
    return replace(worker, command=command)


def tiny_checkpoint(folder: Path, architecture: str) -> Path:
    """The weights of a slim network that has learnt nothing, with their sidecar."""
    torch = pytest.importorskip("torch")
    from models_zoo import build
    from models_zoo.checkpoints.files import sidecar_save, weights_save
    from models_zoo.data.classes import CAMVID, CAMVID_VOID

    torch.manual_seed(0)
    network = build(architecture, variant="slim", num_classes=len(CAMVID))
    path = folder / f"{architecture}-slim.safetensors"
    sidecar = {
        "format": 1,
        "key": f"camvid-{architecture}-slim",
        "architecture": architecture,
        "variant": "slim",
        "options": {},
        "classes": CAMVID,
        "ignore_index": CAMVID_VOID,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "input_size": [2000, 2000],
        "dataset": {"slug": "camvid", "title": "CamVid", "licence": "CC BY-NC 4.0"},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "gmacs": 1.0,
        "scores": [],
        "sha256": weights_save(path, network),
    }
    sidecar_save(path, sidecar)
    return path


def stack_up(
    var: Path, *weights: Path, static: bool = False, kind: type[S] = Stack, **settings: str
) -> S:
    """A migrated stack with checkpoints, Redis and web server; no worker, no sweeper.

    Pages need the `static` files, REST does not.
    """
    stack = kind(var, **settings)
    try:
        stack.start("redis")
        stack.python("manage.py", "migrate", "--verbosity", "0")
        stack.python("-c", CHECKPOINT_IMPORT, *map(str, weights))
        if static:
            stack.python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        stack.start("web")
        wait_until(stack.answers)
    except BaseException:
        stack.stop()
        raise
    return stack

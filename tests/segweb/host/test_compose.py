"""docker-compose.yml runs the processes that `make run` runs, with the same commands."""

import shlex
import sys
from typing import Any

import pytest
import yaml

from segweb.env import BASE_DIR, VARIABLES
from segweb.host import processes

HERE = [
    processes.web(bind="0.0.0.0:8000", threads=VARIABLES["WEB_THREADS"][1]),
    *processes.workers(),
    processes.sweeper(),
]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]


def _typed(process: processes.Process) -> list[str]:
    return ["python" if word == sys.executable else word for word in process.command]


@pytest.mark.parametrize("process", HERE, ids=lambda process: process.name)
def test_a_service_has_the_command_and_environment_of_its_process(process, services):
    service = services[process.name]
    assert shlex.split(service["command"]) == _typed(process)
    assert process.environment.items() <= service["environment"].items()


def test_the_gpu_profile_runs_the_same_workers_on_a_device(services):
    for process in processes.workers():
        service = services[f"{process.name}-gpu"]
        assert service["profiles"] == ["gpu"]
        assert shlex.split(service["command"]) == _typed(process)
        assert process.environment.items() <= service["environment"].items()
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert device["driver"] == "nvidia"


def test_nothing_else_runs_there(services):
    ours = {process.name for process in HERE}
    gpu = {f"{process.name}-gpu" for process in processes.workers()}
    assert set(services) == ours | gpu | {"prepare", "redis", "postgres"}


def test_redis_keeps_what_it_was_told_and_every_process_waits_for_prepare(services):
    assert "--appendonly yes" in services["redis"]["command"]
    for process in HERE:
        assert "prepare" in services[process.name]["depends_on"]

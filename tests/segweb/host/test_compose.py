"""docker-compose.yml runs what `make run` runs, with the same commands and settings."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from environ import Env

from segweb.env import BASE_DIR, VARIABLES
from segweb.host import processes

HERE = [
    processes.web(bind="0.0.0.0:8000", threads=VARIABLES["WEB_THREADS"][1]),
    *processes.workers(),
    processes.sweeper(),
]


SECRET = "p@ss/w#rd:"
# Where they lie within a container is the file's to say; on the host they are places of volumes.
PLACES = {"SEGWEB_DATA": "/data", "SEGWEB_WEIGHTS": "/weights"}
# The host's side of the web server's port, and the folder that is a volume of the containers'.
OUTSIDE = {"HOST", "PORT", "SEGWEB_VAR"}
# The proxy is always there: a copied .env.example, which knows none, would refuse every form.
FIXED = {"BEHIND_TLS": "true"}
GIVEN = {
    "ALLOWED_HOSTS": "segweb.example",
    "CSRF_TRUSTED_ORIGINS": "https://segweb.example",
    "DATABASE_URL": "postgres://elsewhere/segweb",
    "REDIS_URL": "redis://elsewhere:6379/1",
    "SEGWEB_DATA": "/srv/data",
    "SEGWEB_WEIGHTS": "/srv/weights",
}


def composed(**environment: str) -> dict[str, Any]:
    """The services as Compose reads them in this environment, be it the shell's or .env's."""
    environment = {"POSTGRES_PASSWORD": SECRET, **environment}

    def filled(found: re.Match[str]) -> str:
        value = environment.get(found["name"], "")
        match found["how"]:
            case ":-":
                return value or found["what"]
            case ":+":
                return found["what"] if value else ""
            case ":?":
                assert value, found["what"]
        return value

    def read(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: read(value) for key, value in part.items()}
        if isinstance(part, list):
            return [read(value) for value in part]
        return VARIABLE.sub(filled, part) if isinstance(part, str) else part

    services = read(yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"])
    for service in services.values():
        # Without a value it is passed on, where there is one.
        named = service.get("environment", {})
        passed = {name: environment.get(name) for name, value in named.items() if value is None}
        kept = {name: value for name, value in (named | passed).items() if value is not None}
        service["environment"] = kept
    return services


VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<how>:[-+?])(?P<what>[^}]*))?\}")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return composed()


def ours(services: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that run SegWeb."""
    return [service for service in services.values() if "segweb" in service.get("image", "")]


def given(name: str) -> str:
    """A value other than the variable's default."""
    kind, default = VARIABLES[name]
    if kind is bool:
        return str(not default).lower()
    return GIVEN.get(name) or (str(default + 1) if kind in (int, float) else "given")


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - OUTSIDE))
def test_every_setting_arrives_in_every_process(name: str):
    set_here = composed(**{name: given(name)})
    processes_run = ours(set_here)
    assert len(processes_run) == 7
    for service in processes_run:
        if name == "WEB_THREADS":
            continue
        kept = FIXED | PLACES
        assert service["environment"][name] == kept.get(name, given(name))
        if name in PLACES:
            assert f"{given(name)}:{PLACES[name]}:ro" in service["volumes"]
    if name in FIXED:
        example = composed(**{name: "false", "NUM_PROXIES": "0"})["web"]["environment"]
        assert example[name] == FIXED[name]
    if name == "WEB_THREADS":
        assert f"--threads {given(name)} " in set_here["web"]["command"]
    if name == "TRAINING_GPUS":
        reserved = set_here["training-worker-gpu"]["deploy"]["resources"]["reservations"]
        assert reserved["devices"][0]["count"] == given(name)


def test_what_is_not_set_has_its_default_and_no_folder_of_the_host(services):
    read = Env(**VARIABLES)
    for service in ours(services):
        unset = {
            name for name, value in service["environment"].items() if name in VARIABLES and value
        }
        assert unset <= {"HOST", "DATABASE_URL", "REDIS_URL", "BEHIND_TLS"}
        assert service["volumes"] == ["var:/app/var", "data:/data:ro", "weights:/weights:ro"]
    address = read.db_url_config(services["web"]["environment"]["DATABASE_URL"])
    assert (address["HOST"], address["USER"], address["PASSWORD"]) == ("postgres", "segweb", "")
    assert services["web"]["environment"]["PGPASSWORD"] == SECRET


def test_the_example_copied_to_env_sets_every_process_to_the_defaults(monkeypatch):
    """Compose hands on what `.env` leaves empty as an empty text, which must mean the default."""
    lines = (BASE_DIR / ".env.example").read_text().splitlines()
    copied = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert ".env" in (BASE_DIR / ".dockerignore").read_text().splitlines()  # no other way leads in
    for service in ours(composed(**copied)):
        monkeypatch.setattr(Env, "ENVIRON", service["environment"])
        read = Env(**VARIABLES)
        own = OUTSIDE | FIXED.keys() | {"DATABASE_URL", "REDIS_URL", "WEB_THREADS"}
        for name in VARIABLES.keys() - own:
            assert read(name) == VARIABLES[name][1], name
        assert read.db_url("DATABASE_URL")["HOST"] == "postgres"


def test_nothing_but_tls_is_reached_from_outside(services):
    opened = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert opened == {"proxy": ["0.0.0.0:443:443"]}
    assert composed(HOST="127.0.0.1", PORT="8443")["proxy"]["ports"] == ["127.0.0.1:8443:443"]
    caddy = (BASE_DIR / "Caddyfile").read_text()
    assert "auto_https disable_redirects" in caddy, "no port 80, which nobody opened"
    assert "http://" not in caddy
    address = services["web"]["command"].split("--bind 0.0.0.0")[1]
    assert f"reverse_proxy web{address}" in caddy
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in services["proxy"]["volumes"]
    assert services["proxy"]["environment"] == {"SEGWEB_NAME": "localhost"}
    assert composed(SEGWEB_NAME="a.example")["proxy"]["environment"]["SEGWEB_NAME"] == "a.example"
    # A version, so that another one comes when somebody says so.
    assert re.fullmatch(r"caddy:\d+\.\d+\.\d+-alpine", services["proxy"]["image"])
    under = composed(SCRIPT_NAME="/segweb")["web"]["healthcheck"]["test"]
    assert "8000/segweb/healthz" in under


def test_no_service_takes_all_memory(services):
    limits = {name: service["mem_limit"] for name, service in services.items()}
    assert limits.keys() == services.keys()
    more = composed(INFERENCE_MEMORY="24g", TRAINING_MEMORY="90g")
    for name in ("inference-worker", "inference-worker-gpu"):
        assert (limits[name], more[name]["mem_limit"]) == ("8g", "24g")
    for name in ("training-worker", "training-worker-gpu"):
        assert (limits[name], more[name]["mem_limit"]) == ("16g", "90g")


def test_what_compose_says_passes_djangos_deployment_check(services, tmp_path: Path):
    ours = {"SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}  # of the tests
    here = {name: value for name, value in os.environ.items() if name not in ours}
    told = services["web"]["environment"]
    kept = {name: told[name] for name in ("HOST", "BEHIND_TLS")}
    elsewhere = {"SEGWEB_VAR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": ""}
    words = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    found = subprocess.run(words, cwd=BASE_DIR, env=here | kept | elsewhere, capture_output=True)
    assert found.returncode == 0, found.stderr


def test_whoever_trains_has_shared_memory_for_more_than_a_batch_of_a_paper(services):
    for name in ("training-worker", "training-worker-gpu"):
        assert services[name]["shm_size"] == "2gb"


@pytest.mark.parametrize("sound", [True, False])
def test_redis_begins_anew_beside_files_that_it_cannot_read(sound: bool, services, tmp_path: Path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, does in {
        "redis-check-aof": f"exit {int(not sound)}",
        "docker-entrypoint.sh": 'echo started "$@"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    data = tmp_path / "data"
    for folder in ("appendonlydir", "damaged"):
        (data / folder).mkdir(parents=True)
    (data / "appendonlydir" / "appendonly.aof.manifest").touch()
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    for _ in range(2):  # a second start finds nothing that it could read
        told = subprocess.run(
            services["redis"]["command"], cwd=data, env=path, capture_output=True, text=True
        )
        assert "started redis-server --appendonly yes" in told.stdout
    assert (data / "appendonlydir").exists() is sound
    assert (data / "damaged" / "appendonly.aof.manifest").exists() is not sound


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
    assert set(services) == ours | gpu | {"prepare", "proxy", "redis", "postgres"}


def test_redis_keeps_what_it_was_told_and_every_process_waits_for_prepare(services):
    assert "--appendonly yes" in services["redis"]["command"][-1]
    for process in HERE:
        assert "prepare" in services[process.name]["depends_on"]

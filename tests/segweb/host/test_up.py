"""`manage.py up`: what it refuses, and what it starts and leaves behind, with real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import psutil
import pytest
from django.core.management import CommandError
from django.test import Client

from segweb.env import BASE_DIR
from segweb.host import preparation, redis_server, start_check
from segweb.host.addresses import addresses
from segweb.management.commands import up
from tests.waiting import gone, wait_until

UP = [sys.executable, "manage.py", "up"]


def _refusal(env: dict[str, str], *options: str) -> str:
    """What `up` says when it does not start."""
    command = [*UP, *options]
    run = subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.slow
def test_a_busy_port_is_refused_with_a_sentence(process_env: dict[str, str]):
    with socket.create_server(("127.0.0.1", int(process_env["PORT"]))):
        assert f"Port {process_env['PORT']} is in use." in _refusal(process_env)


def test_a_var_folder_that_cannot_be_made_is_refused(process_env: dict[str, str]):
    assert "cannot be made" in _refusal(process_env | {"SEGWEB_VAR": "/proc/segweb"})


def test_a_var_folder_that_cannot_be_written_is_refused(tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be written"):
        start_check.check_disk(tmp_path / "missing")


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(start_check.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    with pytest.raises(CommandError, match="1 MB are free"):
        start_check.check_disk(tmp_path)


def test_no_redis_to_be_had_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(redis_server, "PACKAGES", ())
    with pytest.raises(CommandError, match="Install one"):
        up._private_redis()


@pytest.mark.slow
def test_a_redis_that_does_not_answer_is_told(process_env: dict[str, str]):
    refusing = process_env | {"REDIS_URL": "redis://:s3cret@127.0.0.1:1/0"}
    assert "(redis://127.0.0.1:1/0) does not answer" in _refusal(refusing)


@pytest.mark.slow
def test_workers_alone_need_to_be_told_where_redis_is(process_env: dict[str, str]):
    assert "Set REDIS_URL" in _refusal(process_env, "--workers")


def test_an_unusable_address_is_told():
    with pytest.raises(CommandError, match="cannot be listened on"):
        start_check.check_port("192.0.2.1", 8000)


def test_the_addresses_people_are_shown():
    assert addresses("127.0.0.1", 8000) == ["http://127.0.0.1:8000/"]
    assert addresses("::1", 8000) == ["http://[::1]:8000/"]
    assert addresses("0.0.0.0", 8000)[0] == "http://127.0.0.1:8000/"


@pytest.mark.django_db
def test_the_admin_account_is_made_once(client: Client):
    password = preparation.admin_create()
    assert client.login(username="admin", password=password)
    assert preparation.admin_create() is None


class Up:
    """A running `up` and everything that belongs to it."""

    def __init__(self, env: dict[str, str], log: Path, *options: str) -> None:
        self.env, self.log = env, log
        self.url = f"http://127.0.0.1:{env['PORT']}"
        command = [*UP, *options]
        with log.open("w") as out:
            self.popen = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=out, stderr=out)

    def answers(self) -> bool:
        try:
            return urlopen(f"{self.url}/", timeout=5).status == 200
        except OSError:
            return False

    def ready(self) -> bool:
        try:
            return json.load(urlopen(f"{self.url}/readyz", timeout=5))["ready"]
        except OSError:
            return False

    def members(self) -> list[psutil.Process]:
        """All of its processes, whoever their parent is by now."""
        family = psutil.Process(self.popen.pid)
        return [family, *family.children(recursive=True)]


@pytest.fixture
def running(process_env: dict[str, str], tmp_path: Path) -> Iterator[Up]:
    running = Up(process_env, tmp_path / "up.log")
    try:
        wait_until(running.ready, seconds=90)
        yield running
    finally:
        running.popen.send_signal(signal.SIGTERM)
        running.popen.wait(30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_serves_refuses_a_second_one_and_ends_without_a_trace(running: Up):
    assert running.answers()
    assert "SegWeb is at" in running.log.read_text()
    assert "its password" in running.log.read_text()
    assert "is running already" in _refusal(running.env | {"PORT": "1"})
    assert "ended with" not in running.log.read_text()  # nothing had to be started again
    members = running.members()
    assert len(members) >= 7  # itself, keeper, Redis, web and its worker, two workers, sweeper
    socket_folder = redis_server._recorded_folder(Path(running.env["SEGWEB_VAR"]))

    running.popen.send_signal(signal.SIGINT)
    assert running.popen.wait(30) == 0
    wait_until(lambda: all(gone(process) for process in members))
    assert not socket_folder.exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_killed_with_9_leaves_no_process_and_can_start_again(running: Up, tmp_path: Path):
    members = running.members()
    running.popen.kill()
    wait_until(lambda: all(gone(process) for process in members))

    again = Up(running.env, tmp_path / "again.log")
    try:
        wait_until(again.answers)
    finally:
        again.popen.send_signal(signal.SIGINT)
        assert again.popen.wait(30) == 0
    assert "its password" not in again.log.read_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_gets_ready_again_after_its_redis_was_killed(running: Up):
    (redis,) = (process for process in running.members() if "redis-server" in process.name())
    redis.kill()
    wait_until(lambda: "ended with -9" in running.log.read_text())
    wait_until(running.ready)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_of_a_further_host_join_and_leave(running: Up, tmp_path: Path):
    redis_url = redis_server.recorded_url(Path(running.env["SEGWEB_VAR"]))
    further = Up(running.env | {"REDIS_URL": redis_url}, tmp_path / "further.log", "--workers")
    try:
        wait_until(lambda: further.log.read_text().count(" ready.") == 2)
        members = further.members()
    finally:
        further.popen.send_signal(signal.SIGINT)
        assert further.popen.wait(30) == 0
    wait_until(lambda: all(gone(process) for process in members))
    wait_until(running.ready)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_up_ends_with_the_make_that_started_it(process_env: dict[str, str], tmp_path: Path):
    make = tmp_path / "Makefile"
    make.write_text(f"run:\n\t@{' '.join(UP)}\n")
    command = ["make", "-f", str(make)]
    with (tmp_path / "make.log").open("w") as log:
        popen = subprocess.Popen(command, cwd=BASE_DIR, env=process_env, stdout=log, stderr=log)
    wait_until(lambda: "SegWeb is at" in (tmp_path / "make.log").read_text())
    members = psutil.Process(popen.pid).children(recursive=True)
    os.kill(popen.pid, signal.SIGKILL)
    popen.wait()
    wait_until(lambda: all(gone(process) for process in members), seconds=30)

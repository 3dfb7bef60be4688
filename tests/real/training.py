"""A stack that trains tiny networks, the faults it is given, and what must hold afterwards."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

from models_zoo.networks.catalogue import OUTSIDE
from models_zoo.training.record.events import events_read
from tests.models_zoo.fixtures import draw_folder
from tests.stack import ENDED, Stack, stack_up
from tests.waiting import wait_until

MARK = "SEGWEB_RUN"
TOKEN = """
import django; django.setup()
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
print(Token.objects.create(user=User.objects.create_superuser("admin", password="x")).key)
"""
SETTINGS = {
    "crop": [32, 32],
    "batch": 2,
    "workers": 0,
    "precision": "fp32",
    "probes": 1,
    "options": {"noisy": True, "pause": 0.01},
}


class TrainingStack:
    """Redis, web server, sweeper and training workers over a data set of a few tiny images."""

    def __init__(self, folder: Path, **settings: str) -> None:
        draw_folder(folder / "data" / "streets", train=6, val=3)
        here = {"SEGWEB_DATA": str(folder / "data"), OUTSIDE: "tests.models_zoo.tiny"}
        # One thread each, so that a machine with few cores bears several trainers.
        self.stack: Stack = stack_up(folder / "var", **here, OMP_NUM_THREADS="1", **settings)
        token = self.stack.python("-c", TOKEN).strip()
        self.headers = {"Authorization": f"Token {token}", "Content_Type": "application/json"}

    def launch(self, **changes: Any) -> int:
        """Launch a run of the tiny network; its id."""
        request = {"architecture": "tiny", "variant": "full", "dataset": "streets", "epochs": 20}
        return self.post("runs/", request | {"config": SETTINGS} | changes)["id"]

    def post(self, path: str, data: Any = None) -> Any:
        """A POST as the administrator, tried again while the database is busy."""
        while True:
            body = json.dumps(data or {}).encode()
            status, answer, _ = self.stack.call(path, body, **self.headers)
            if status != 503:
                assert status < 300 or status == 409, answer
                return json.loads(answer)

    def run(self, pk: int) -> dict[str, Any]:
        """The run's row, read past everything else."""
        with closing(sqlite3.connect(self.stack.var / "db.sqlite3", timeout=30)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute("SELECT * FROM experiments_run WHERE id = ?", [pk])
            return dict(found.fetchone())

    def column(self, query: str, *values: Any) -> list[Any]:
        """The first column of what the database answers."""
        with closing(sqlite3.connect(self.stack.var / "db.sqlite3", timeout=30)) as database:
            return [row[0] for row in database.execute(query, values)]

    def epochs(self, pk: int) -> list[int]:
        """The recorded epochs in the order of their rows."""
        query = "SELECT number FROM experiments_epoch WHERE run_id = ? ORDER BY number"
        return self.column(query, pk)

    def outcomes(self, pk: int) -> list[str]:
        """How the attempts ended."""
        query = "SELECT outcome FROM experiments_attempt WHERE run_id = ? ORDER BY number"
        return self.column(query, pk)

    def weights(self, pk: int) -> list[str]:
        """The hash of the weights that the run published."""
        return self.column(
            "SELECT sha256 FROM experiments_checkpoint WHERE key = ? AND superseded_at IS NULL",
            f"run{pk}-best",
        )

    def folder(self, pk: int) -> Path:
        """Where the run keeps its files."""
        return self.stack.var / "media" / "runs" / str(pk)

    def wait(self, pk: int, holds: Callable[[dict[str, Any]], bool], seconds: float = 90) -> None:
        """Until the run's row is as wanted."""
        wait_until(lambda: holds(self.run(pk)), seconds=seconds)

    def ended(self, pk: int, seconds: float = 120) -> dict[str, Any]:
        """The run's row once it has ended."""
        self.wait(pk, lambda run: run["state"] in ENDED, seconds)
        return self.run(pk)

    def trained(self, pk: int, epochs: int) -> None:
        """Until the trainer has written that many epochs, of which the run's row may learn later.

        A fault that follows at once meets a run in its midst, however slow the database is.
        """
        folder = self.folder(pk)

        def number() -> int:
            return sum(event["event"] == "epoch" for event in events_read(folder))

        wait_until(lambda: number() >= epochs, seconds=90)

    def trainers(self, pk: int | None = None) -> list[psutil.Process]:
        """The trainers that live, of one run or of all."""
        start = f"{self.stack.var}/media:"
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                mark = process.environ().get(MARK, "")
                ours = mark == f"{start}{pk}" if pk else mark.startswith(start)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def trainers_kill(self, pk: int | None = None) -> None:
        """Kill -9."""
        for process in self.trainers(pk):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def messages_double(self) -> None:
        """Every message that waits is delivered twice."""
        broker = self.stack.redis()
        if messages := broker.lrange("training", 0, -1):
            broker.rpush("training", *messages)

    def again(self, name: str) -> None:
        """Kill -9 a part, and start it as the supervisor does."""
        self.stack.kill(name)
        self.stack.start(name)


class Chaos:
    """Faults at random, one after the other, from a seed."""

    def __init__(self, training: TrainingStack, seed: int) -> None:
        self.training, self.dice = training, random.Random(seed)
        self.faults: list[Callable[[], None]] = [
            training.trainers_kill,
            lambda: training.again("trainer"),
            lambda: training.again("second trainer"),
            lambda: training.again("redis"),
            lambda: training.again("sweeper"),
            lambda: training.stack.redis().flushall(),
            training.messages_double,
            self._stop_and_resume,
            self._worker_told_to_end,
            self._everything_at_once,
        ]

    def until_all_ended(self, *, seconds: float) -> int:
        """Fault after fault, each a moment after some progress; how many there were."""
        deadline, count = time.monotonic() + seconds, 0
        while waiting := self._waiting():
            before = self._progress()
            while self._progress() == before and self._waiting():
                assert time.monotonic() < deadline, f"{len(waiting)} runs have not ended"
                self._resume_stopped()
                time.sleep(0.5)
            time.sleep(self.dice.uniform(0, 3))
            self.dice.choice(self.faults)()
            count += 1
        return count

    def _progress(self) -> tuple[int, int]:
        """Epochs recorded and runs ended; faults wait for it, else nothing would ever be done."""
        (epochs,) = self.training.column("SELECT count(*) FROM experiments_epoch")
        return epochs, len(self._waiting())

    def _waiting(self) -> list[int]:
        ended = ", ".join(f"'{state}'" for state in ("DONE", "FAILED", "LOST"))
        query = f"SELECT id FROM experiments_run WHERE state NOT IN ({ended})"
        return self.training.column(query)

    def _resume_stopped(self) -> None:
        for pk in self.training.column("SELECT id FROM experiments_run WHERE state = 'STOPPED'"):
            self.training.post(f"runs/{pk}/resume/")

    def _stop_and_resume(self) -> None:
        if waiting := self._waiting():
            self.training.post(f"runs/{self.dice.choice(waiting)}/stop/")

    def _worker_told_to_end(self) -> None:
        worker = self.training.stack.running.pop("trainer")
        worker.terminate()
        with suppress(Exception):
            worker.wait(5)
        worker.kill()
        worker.wait()
        self.training.stack.start("trainer")

    def _everything_at_once(self) -> None:
        for name in ("trainer", "second trainer", "redis"):
            self.training.stack.kill(name)
        self.training.trainers_kill()
        self.training.stack.start("redis", "trainer", "second trainer")


def must_hold(training: TrainingStack, runs: list[int], epochs: int, weights: str) -> None:
    """After all of it: done, every epoch once, the same weights, nothing left behind."""
    for pk in runs:
        run = training.run(pk)
        assert (run["state"], run["error"]) == ("DONE", ""), (pk, training.outcomes(pk))
        assert training.epochs(pk) == list(range(1, epochs + 1)), pk
        assert training.weights(pk) == [weights], pk
        assert "" not in training.outcomes(pk), pk
        assert not list(training.folder(pk).rglob("*.tmp")), pk
    query = "SELECT count(*) FROM experiments_epoch GROUP BY run_id, number HAVING count(*) > 1"
    assert not training.column(query)
    wait_until(lambda: not training.trainers(), seconds=20)

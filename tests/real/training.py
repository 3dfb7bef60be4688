"""A stack that trains tiny networks, the faults it is given, and what must hold afterwards."""

from __future__ import annotations

import json
import random
import sqlite3
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import psutil
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from models_zoo.networks.catalogue import OUTSIDE
from models_zoo.training.record.events import events_read
from models_zoo.training.record.state import state_files
from tests.inference.pictures import noise, upload
from tests.models_zoo.fixtures import draw_folder
from tests.stack import ENDED, Stack, stack_up
from tests.waiting import wait_until

MARK = "SEGWEB_RUN"
STREETS = 6  # images to train on
TOKEN = """
import django; django.setup()
from django.contrib.auth.models import User
from segweb.http.tokens import token_make
print(token_make(user=User.objects.create_superuser("admin", password="x"), name="test"))
"""
# Runs that were stopped, or met a full disk, are resumed.
RESUMED = "(state = 'STOPPED' OR (state = 'FAILED' AND error LIKE '%disk%full%'))"
SETTINGS = {
    "crop": [32, 32],
    "batch": 2,
    "workers": 0,
    "precision": "fp32",
    "probes": 1,
    "options": {"noisy": True, "pause": 0.01},
}


ORPHANS = """
import django; django.setup()
from datetime import timedelta
from segweb.jobs import orphans
orphans.GRACE = timedelta(0)
print(*orphans.orphans_collect())
"""


class TrainingStack:
    """Redis, web server, sweeper and training workers over a data set of a few tiny images."""

    def __init__(self, folder: Path, **settings: str) -> None:
        draw_folder(folder / "data" / "streets", train=STREETS, val=3)
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
        """A POST as the administrator, tried again while web server or database are away."""
        body = json.dumps(data or {}).encode()
        while True:
            with suppress(OSError):
                status, answer, _ = self.stack.call(path, body, **self.headers)
                if status != 503:
                    assert status < 300 or status == 409, answer
                    return json.loads(answer)
            time.sleep(0.1)

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

    def send(self, path: str, **form: Any) -> tuple[int, bytes]:
        """A POST of files as the administrator; status and answer."""
        headers = self.headers | {"Content_Type": MULTIPART_CONTENT}
        status, answer, _ = self.stack.call(path, encode_multipart(BOUNDARY, form), **headers)
        return status, answer

    def orphans(self) -> str:
        """What the sweeper would collect after its grace; it is collected now."""
        return self.stack.python("-c", ORPHANS)


class Chaos:
    """Faults at random, one after the other, from a seed; between two at most `pause` seconds."""

    def __init__(self, training: TrainingStack, seed: int, pause: float = 3) -> None:
        self.training, self.dice, self.pause = training, random.Random(seed), pause
        self.faults: list[Callable[[], None]] = [
            training.trainers_kill,
            partial(training.again, "trainer"),
            partial(training.again, "second trainer"),
            partial(training.again, "redis"),
            partial(training.again, "sweeper"),
            self._redis_emptied,
            training.messages_double,
            self._stop_and_resume,
            self._worker_told_to_end,
            self._everything_at_once,
            self._state_spoiled,
            self._trainer_hangs,
            self._disk_full,
            self._upload_killed,
            self._import_killed,
        ]
        self.done: Counter[str] = Counter()  # how often each, for the report
        self.imports = 0

    def until_all_ended(self, *, seconds: float) -> Counter[str]:
        """Fault after fault, each a moment after some progress; how many of each kind."""
        deadline = time.monotonic() + seconds
        while waiting := self._waiting():
            before = self._progress()
            while self._progress() == before and self._waiting():
                assert time.monotonic() < deadline, f"{len(waiting)} runs have not ended"
                self._resume_stopped()
                time.sleep(0.5)
            time.sleep(self.dice.uniform(0, self.pause))
            fault = self.dice.choice(self.faults)
            fault()
            self.done[_name(fault)] += 1
        return self.done

    def _progress(self) -> tuple[int, int]:
        """Epochs recorded and runs ended; faults wait for it, else nothing would ever be done."""
        (epochs,) = self.training.column("SELECT count(*) FROM experiments_epoch")
        return epochs, len(self._waiting())

    def _waiting(self) -> list[int]:
        ended = ", ".join(f"'{state}'" for state in ("DONE", "FAILED", "LOST"))
        query = f"SELECT id FROM experiments_run WHERE state NOT IN ({ended}) OR {RESUMED}"
        return self.training.column(query)

    def _resume_stopped(self) -> None:
        for pk in self.training.column(f"SELECT id FROM experiments_run WHERE {RESUMED}"):
            self.training.post(f"runs/{pk}/resume/")

    def _going(self) -> int | None:
        """One of the runs that have a trainer just now."""
        going = self.training.column("SELECT id FROM experiments_run WHERE state = 'RUNNING'")
        return self.dice.choice(going) if going else None

    def _redis_emptied(self) -> None:
        self.training.stack.redis().flushall()

    def _state_spoiled(self) -> None:
        """A byte of a run's newest state changes, and the run has to go on from its states."""
        if (pk := self._going()) is None:
            return
        with suppress(FileNotFoundError, IndexError):  # the trainer writes a newer one meanwhile
            newest = state_files(self.training.folder(pk))[-1]
            content = bytearray(newest.read_bytes())
            content[self.dice.randrange(len(content))] ^= 1 << self.dice.randrange(8)
            newest.write_bytes(content)
        self.training.trainers_kill(pk)

    def _trainer_hangs(self) -> None:
        if (pk := self._going()) is not None:
            for process in self.training.trainers(pk):
                with suppress(psutil.NoSuchProcess):
                    process.suspend()

    def _disk_full(self) -> None:
        """What a run's trainer writes next finds no room: state, event or log."""
        if (pk := self._going()) is not None:
            for process in self.training.trainers(pk):
                with suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_FSIZE, (1000, 1000))

    def _web_killed_during(self, *request: Any, **form: Any) -> None:
        """Kill -9 the web server somewhere in a request, and start it again."""

        def ask() -> None:
            with suppress(OSError, HTTPException):
                self.training.send(*request, **form)

        asking = Thread(target=ask)
        asking.start()
        time.sleep(self.dice.uniform(0, 0.5))
        self.training.again("web")
        asking.join()
        wait_until(self.training.stack.answers)

    def _upload_killed(self) -> None:
        self._web_killed_during("images/", file=upload(noise(600, 400)))

    def _import_killed(self) -> None:
        """Tried again, an import that was killed is there."""
        self.imports += 1
        slug = f"import{self.imports}"
        # Of another number of images each: with the same ones it would be the same data set.
        images = STREETS + self.imports
        file = SimpleUploadedFile("data.zip", data_set_zip(slug, images=images))
        self._web_killed_during("datasets/", file=file)

        def queued() -> bool:
            with suppress(OSError):
                file.seek(0)
                return self.training.send("datasets/", file=file)[0] == 202
            return False

        def imported() -> bool:
            known = self.training.stack.get("datasets/")
            # Sent twice, it may be known by then; anything else would be waited for in vain.
            failed = self.training.column("SELECT DISTINCT error FROM experiments_import")
            assert set(failed) <= {"", "This data set was imported already."}
            return any(dataset["slug"] == slug for dataset in known)

        wait_until(queued)
        wait_until(imported, seconds=120)

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


def _name(fault: Callable[[], None]) -> str:
    if isinstance(fault, partial):
        return f"{fault.args[0]} killed"
    return fault.__name__.strip("_").replace("_", " ")


def data_set_zip(slug: str, *, images: int = 2) -> bytes:
    """A zip of a data set of that slug, with so many images to train on."""
    buffer = BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w") as archive:
        draw_folder(Path(folder), train=images, val=1)
        described = json.loads((Path(folder) / "classes.json").read_text()) | {"slug": slug}
        (Path(folder) / "classes.json").write_text(json.dumps(described))
        for path in sorted(Path(folder).rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


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

"""The process that trains a run: its command, its beginning, and its end with all it started.

It leads a process group, is bound to its worker (segweb.host.leash), and carries a mark in its
environment by which whatever it started is found again. While any of these lives it holds the lock
of the run's folder, so that two workers never train in one folder, on one host or on several.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
from django.conf import settings

from experiments.models import Run
from experiments.records.files import LOG
from experiments.records.sources import data_resolve
from models_zoo.training.config import TrainConfig, settings_of
from segweb.env import BASE_DIR

MARK = "SEGWEB_RUN"
LOCK = "lock"
LEASH = BASE_DIR / "segweb" / "host" / "leash.py"


def trainer_config(run: Run) -> TrainConfig:
    """The run's configuration, with the places that its data have on this host."""
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in run.config.items()}
    values["options"] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in values.get("options", {}).items()
    }
    if values.get("pseudo"):
        values["pseudo"] = data_resolve(values["pseudo"])
    return TrainConfig(
        arch=run.architecture,
        variant=run.variant,
        data=data_resolve(run.data),
        epochs=run.epochs,
        seed=run.seed,
        **values,
    )


def config_words(config: TrainConfig) -> list[str]:
    """The configuration as models_zoo's command line takes it."""
    named = {name: getattr(config, name) for name in ("arch", "variant", "data", "epochs", "seed")}
    words = [f"--{name}={value}" for name, value in named.items()]
    for setting in settings_of(config, TrainConfig(**named)):
        words += ["--set", setting]
    return words


def trainer_command(run: Run, folder: Path) -> list[str]:
    """The command line that trains the run in `folder`, or goes on there."""
    launcher = ["-m"]
    if run.gpus > 1:
        torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={run.gpus}"]
        launcher += [*torchrun, "-m"]
    words = config_words(trainer_config(run))
    train = ["models_zoo", "train", *words, f"--out={folder}", "--resume"]
    return [sys.executable, *launcher, *train]


class FolderLock:
    """The right to train in a run's folder; it passes on to the trainer, and ends with the last."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = (folder / LOCK).open("wb")

    def take(self) -> bool:
        """Whether nobody else held it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def fileno(self) -> int:
        """The descriptor to hand on."""
        return self._file.fileno()

    def close(self) -> None:
        """Let go of it; whoever it was handed on to holds it further."""
        self._file.close()


class Trainer:
    """A training in a process of its own."""

    def __init__(self, run: Run, folder: Path, lock: FolderLock) -> None:
        self.mark = run_mark(run.pk)
        with (folder / LOG).open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", str(LEASH), str(os.getpid()), *trainer_command(run, folder)],
                cwd=BASE_DIR,
                env={**os.environ, MARK: self.mark, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                pass_fds=[lock.fileno()],
            )

    @property
    def pid(self) -> int:
        """Of the process that leads the group."""
        return self._popen.pid

    def wait(self, seconds: float) -> int | None:
        """Its exit code (negative for a signal), or None when it still runs after that time."""
        with suppress(subprocess.TimeoutExpired):
            return self._popen.wait(seconds)
        return None

    def terminate(self) -> None:
        """Ask the group to finish its step, save and end."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the group and whatever else carries the mark, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        marked_kill(self.mark)


def run_mark(run_id: int) -> str:
    """What the processes of a run carry in their environment, unlike those of another SegWeb."""
    return f"{settings.MEDIA_ROOT}:{run_id}"


def marked_kill(mark: str) -> None:
    """Kill what carries the mark on this host, until nothing is left."""
    while found := list(_marked(mark)):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=1)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                yield process
        except (psutil.Error, OSError):
            continue

"""The process that trains a run: its command, its beginning, and its end with all it started.

It leads a process group, is bound to its worker (segweb.host.leash), and carries a mark in its
environment by which whatever it started is found again. While any of these lives it holds the lock
of the run's folder, so that two workers never train in one folder, on one host or on several.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import psutil
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from experiments.models import Run
from experiments.records.configuration import checkpoints_require, run_config
from experiments.records.files import CONFIG, LOG
from experiments.records.sources import data_resolve
from models_zoo.files import write_atomically
from segweb.env import BASE_DIR
from segweb.host import devices

MARK = "SEGWEB_RUN"
LOCK = "lock"
LEASH = BASE_DIR / "segweb" / "host" / "leash.py"
TOO_FEW_GPUS = gettext_noop("The run asks for more GPUs than its worker has.")


def gpus_require(run: Run) -> None:
    """ValidationError for a run on more GPUs than there are here: a processor is not several."""
    if run.gpus > max(len(devices.gpus()), 1):
        raise ValidationError(TOO_FEW_GPUS)


def config_write(run: Run, folder: Path) -> Path:
    """Put the run's configuration, with the places that its data have on this host, in a file.

    Gives its path. ValidationError for data or checkpoints that are not to be had here, and for
    settings that this version does not know.
    """
    config = run_config(run)
    checkpoints_require(config)
    pseudo = data_resolve(config.pseudo) if config.pseudo else ""
    config = replace(config, data=data_resolve(config.data), pseudo=pseudo)
    path = folder / CONFIG
    write_atomically(path, json.dumps(config.to_json(), indent=1).encode() + b"\n")
    return path


def trainer_command(run: Run, folder: Path) -> list[str]:
    """The command line that trains the run in `folder`, or goes on there."""
    launcher = ["-m"]
    if run.gpus > 1:
        torchrun = ["torch.distributed.run", "--standalone", f"--nproc-per-node={run.gpus}"]
        launcher += [*torchrun, "-m"]
    # With --resume always: a first attempt finds no state, and begins.
    train = ["models_zoo", "train", f"--config={folder / CONFIG}", f"--out={folder}", "--resume"]
    return [sys.executable, *launcher, *train]


class FolderLock:
    """The right to train in a run's folder; it passes on to the trainer, and ends with the last."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = (folder / LOCK).open("wb")

    def take(self) -> bool:
        """Whether nobody else held it."""
        try:
            # It goes with the descriptor: free when the last process of a former attempt is gone.
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


class TrainerProcess:
    """A training in a process of its own."""

    def __init__(self, run: Run, folder: Path, lock: FolderLock) -> None:
        self.mark = run_mark(run.pk)
        config_write(run, folder)
        # Appended: the attempts at a run share one log.
        with (folder / LOG).open("ab") as log:
            # By a script that becomes the trainer: no preexec_fn in a process with threads.
            self._popen = subprocess.Popen(
                [sys.executable, "-I", str(LEASH), str(os.getpid()), *trainer_command(run, folder)],
                cwd=BASE_DIR,
                # Unbuffered, since the log is read while the run goes on.
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
        # Worker processes of the data loader stand in a group of their own.
        marked_kill(self.mark)


def run_mark(run_id: int) -> str:
    """What the processes of a run carry in their environment, unlike those of another SegWeb."""
    return f"{settings.MEDIA_ROOT}:{run_id}"


def marked_kill(mark: str) -> None:
    """Kill what carries the mark on this host, until nothing is left."""
    while alive := list(_marked(mark)):
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=1)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                yield process
        except (psutil.Error, OSError):
            continue

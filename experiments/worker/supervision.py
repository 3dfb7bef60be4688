"""Carrying out a run: what the training worker does.

It supervises a trainer in a process of its own, takes in its events, and ends the
attempt. Whatever kills trainer or worker, the next attempt goes on from the last saved state.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from experiments.models import Attempt, Run
from experiments.records.attempts import attempt_begin, attempt_end, attempts_lose
from experiments.records.checkpoints import CheckpointDamaged
from experiments.records.files import DIFF
from experiments.records.publishing import checkpoint_publish, run_tidy
from experiments.worker.environment import environment_capture
from experiments.worker.progress import Progress
from experiments.worker.replay import LeaseLost, Replay
from experiments.worker.trainer import (
    FolderLock,
    TrainerProcess,
    gpus_require,
    marked_kill,
    run_mark,
    trainer_command,
)
from experiments.worker.usage import UsageSampler
from models_zoo.training.record.failures import FAILED_CODE, MISFIT_CODE
from segweb.host import devices
from segweb.jobs import (
    DATABASE_AWAY,
    LOST_ERROR,
    JobReturned,
    Lease,
    State,
    job_execute,
    job_update,
    patiently,
)

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
STOP_SECONDS = 120.0  # what a step and saving may take before a stopped trainer is killed
STOP_IDLE_SECONDS = 5.0  # and one that does nothing at all
NOT_PUBLISHED = gettext_noop("The training ended, but its best weights could not be read.")
NOT_WRITTEN = gettext_noop("The run's files could not be written. Is the disk full?")
STALLED = gettext_noop(
    "The training stood still and was ended, and no attempt is left. The log says what it did last."
)
UNEXPLAINED = gettext_noop("The trainer did not start. The log says why.")

shutting_down = threading.Event()  # set when this worker is told to end
_place = threading.Lock()  # a worker trains one run at a time


def run_execute(*, run_id: int | None) -> None:
    """Carry out a QUEUED run, and then whatever else waits; returns at once when busy already."""
    # A busy worker drops the wake-up: it looks for what waits as soon as it is free.
    if not _place.acquire(blocking=False):
        return
    try:
        while run_id is not None and not shutting_down.is_set():
            device = ",".join(f"cuda:{name}" for name in devices.gpus()) or "cpu"
            job_execute(model=Run, pk=run_id, device=device)
            waiting = Run.objects.filter(state=State.QUEUED).order_by("queued_at", "pk")
            run_id = patiently(waiting.values_list("pk", flat=True).first)
    finally:
        _place.release()


def train(run: Run, lease: Lease) -> dict[str, Any]:
    """What a run's row says after an attempt that ends it. JobReturned when another goes on."""
    return Supervision(run, lease).carry_out()


class Supervision:
    """One attempt at a run, from the claim to its end. LeaseLost when the run is taken away."""

    def __init__(self, run: Run, lease: Lease) -> None:
        self.run, self.lease = run, lease
        self.folder = Path(default_storage.path(run.folder))
        self.replay = Replay(run, self.folder, lease)
        self.attempt: Attempt
        self.stalled = False

    def carry_out(self) -> dict[str, Any]:
        """Train, and end the attempt; the fields that end the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(self.folder)
        try:
            self._succeed(lock)
            # Numbered by the token: the row's `attempt` is set back with each epoch.
            self.attempt = patiently(
                lambda: attempt_begin(
                    run=self.run, number=self.lease.token, owner=self.run.lease_owner
                )
            )
            self.replay.failure = ""  # what a former attempt said is no word of this one
            # Its worker died after it was asked to stop: it is not trained again.
            if self.run.stop_requested:
                return self._end("stopped", None, state=State.STOPPED)
            try:
                code = self._train(lock)
            except ValidationError as fault:
                return self._end("failed", None, state=State.FAILED, error=fault.messages[0])
            except OSError:
                logger.exception("Run %s could not be trained.", self.run.pk)
                return self._end("failed", None, state=State.FAILED, error=NOT_WRITTEN)
        finally:
            lock.close()
        return self._conclude(code)

    def _succeed(self, lock: FolderLock) -> None:
        """Wait until nobody trains in this folder any more, and take in what was left behind."""
        if not lock.take():
            # An orphan on this host is ended; one on another host is waited for, by the lock.
            marked_kill(run_mark(self.run.pk))
            while not lock.take():
                self._stop_asked()
                time.sleep(POLL_SECONDS)
        former = patiently(lambda: self.run.attempts.order_by("-number").first())
        if former is not None:
            patiently(lambda: self.replay.catch_up(former))
        patiently(lambda: attempts_lose(run=self.run))

    def _train(self, lock: FolderLock) -> int:
        """Run the trainer to its end; its exit code. It is gone whatever happens here."""
        gpus_require(self.run)
        command = trainer_command(self.run, self.folder)
        captured = environment_capture(command=command, folder=self.folder, diff=DIFF)
        captured["device"] = self.run.lease_owner.partition(":")[2].partition(":")[2]
        patiently(lambda: job_update(lease=self.lease, environment=captured))
        trainer = TrainerProcess(self.run, self.folder, lock)
        try:
            return self._follow(trainer, UsageSampler(self.run, trainer.pid))
        finally:
            trainer.kill()

    def _follow(self, trainer: TrainerProcess, usage: UsageSampler) -> int:
        asked_at: float | None = None
        progress = Progress(self.folder, trainer.pid)
        while (code := trainer.wait(POLL_SECONDS)) is None:
            try:
                self.replay.catch_up(self.attempt)
                usage.sample()
                asked = self._stop_asked() or shutting_down.is_set()
            except DATABASE_AWAY as fault:
                logger.warning("The database is busy or away; the training goes on: %s", fault)
                connection.close()
                continue
            if asked and asked_at is None:
                asked_at = time.monotonic()
                trainer.terminate()
            progress.look()
            if asked_at is not None:
                waited = time.monotonic() - asked_at
                if waited > STOP_SECONDS or min(waited, progress.idle) > STOP_IDLE_SECONDS:
                    trainer.kill()
            elif progress.hangs(settings.STALL_SECONDS):
                self.stalled = True
                trainer.kill()
        patiently(lambda: self.replay.catch_up(self.attempt))
        return code

    def _stop_asked(self) -> bool:
        rows = cast("QuerySet[Run]", self.lease.rows)
        asked = rows.values_list("stop_requested", flat=True).first()
        if asked is None:
            raise LeaseLost
        return asked

    def _conclude(self, code: int) -> dict[str, Any]:
        """What the trainer's end means for the run."""
        # Its `end` event may be a former attempt's, which was killed after it had written it.
        if code == 0:
            return self._succeeded(code)
        # Of several processes the others end with an error of theirs when one was killed.
        explained = code in (MISFIT_CODE, FAILED_CODE) or (code == 1 and self.run.gpus == 1)
        if self.replay.failure or explained:
            # A failure with a name tells itself, unless the disk took not even that.
            unwritten = NOT_WRITTEN if code == FAILED_CODE else UNEXPLAINED
            sentence = self.replay.failure or unwritten
            return self._end("failed", code, state=State.FAILED, error=sentence)
        if patiently(self._stop_asked):
            return self._end("stopped", code, state=State.STOPPED)
        if shutting_down.is_set():
            # The worker's end is no fault of the run's: this try does not count.
            self._attempt_end("released", code)
            raise JobReturned(tried=False)
        self._attempt_end("stalled" if self.stalled else "crashed", code)
        raise JobReturned(tried=True, lost=STALLED if self.stalled else LOST_ERROR)

    def _succeeded(self, code: int) -> dict[str, Any]:
        try:
            patiently(lambda: checkpoint_publish(run=self.run))
        except (CheckpointDamaged, OSError, ValueError):
            logger.exception("The best weights of run %s could not be published.", self.run.pk)
            return self._end("failed", code, state=State.FAILED, error=NOT_PUBLISHED)
        return self._end("done", code)

    def _end(self, outcome: str, code: int | None, **fields: Any) -> dict[str, Any]:
        disk_bytes = run_tidy(run=self.run)
        self._attempt_end(outcome, code)
        return {"step": 0, "disk_bytes": disk_bytes, **fields}

    def _attempt_end(self, outcome: str, code: int | None) -> None:
        patiently(lambda: attempt_end(attempt=self.attempt, outcome=outcome, exit_code=code))

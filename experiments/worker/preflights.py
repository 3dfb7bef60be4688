"""A look at a run before it is launched: its data audited, one real batch tried."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from experiments.models import Kind, Preflight, Run
from experiments.records.sources import places_hidden
from experiments.worker.environment import hardware
from experiments.worker.trainer import LEASH, config_write, gpus_require
from models_zoo.training.record.failures import FAILED_CODE, MISFIT_CODE
from segweb.env import BASE_DIR
from segweb.jobs import JobReturned, Lease, job_update, patiently

TOO_LONG = gettext_noop("The check took too long.")
SECONDS = 900
PROGRESS = '{"progress"'  # how a line begins that says how far it is
TOLD_SECONDS = 0.5  # between two looks at how far it is
ALIKE = 5  # earlier runs that an estimate looks at


def look(preflight: Preflight, lease: Lease) -> dict[str, Any]:
    """The fields that a look at a run gains by being carried out.

    ValidationError says what of the request does not fit.
    """
    run = Run(**preflight.request)
    gpus_require(run)
    leash = [sys.executable, "-I", str(LEASH), str(os.getpid())]
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = config_write(run, folder)
        command = [sys.executable, "-m", "models_zoo", "preflight", f"--config={config}", "--json"]
        told, faults = folder / "told", folder / "faults"
        with told.open("w") as output, faults.open("w") as errors:
            process = subprocess.Popen(
                [*leash, *command], cwd=BASE_DIR, stdout=output, stderr=errors
            )
        try:
            _wait(process, told, lease)
        finally:
            process.kill()
            process.wait()
        # Those explain themselves as JSON; any other code is a fault of the program.
        if process.returncode not in (0, MISFIT_CODE, FAILED_CODE):
            raise RuntimeError(faults.read_text(errors="replace"))
        result = json.loads(told.read_text().splitlines()[-1])
    if failure := result.get("failure"):
        raise ValidationError(places_hidden(failure["message"]))
    result["estimate"] = patiently(lambda: _estimate(run, result))
    return {"result": result}


def _wait(process: subprocess.Popen, told: Path, lease: Lease) -> None:
    """Until the look has ended; tells the row how far it is, and gives up when that was stopped."""
    deadline, before = time.monotonic() + SECONDS, ""
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(TOLD_SECONDS)
            return
        if time.monotonic() > deadline:
            raise ValidationError(TOO_LONG)
        # Without the last line, which may not be whole; between them are lines for people.
        lines = told.read_text().rpartition("\n")[0].splitlines()
        line = next((line for line in reversed(lines) if line.startswith(PROGRESS)), "")
        if line == before:
            ours = patiently(lease.rows.exists)
        else:
            ours = patiently(partial(job_update, lease=lease, result=json.loads(line)))
        if not ours:
            raise JobReturned(tried=False)
        before = line


def _estimate(run: Run, result: dict[str, Any]) -> dict[str, Any] | None:
    """How long the run will take: as earlier ones of its kind took, else by the batch measured."""
    same = {name: getattr(run, name) for name in ("architecture", "variant", "data", "gpus")}
    # More than one epoch, since time is taken from the end of one to the end of the next.
    newest = Run.objects.filter(
        **same, kind=Kind.TRAINED, epoch__gt=1, environment__hardware=hardware()
    )
    crop = list(run.config["crop"])
    alike = [earlier for earlier in newest[: 10 * ALIKE] if earlier.config.get("crop") == crop]
    epochs = []
    for earlier in alike[:ALIKE]:
        ends = earlier.epoch_rows.order_by("number").values_list("recorded_at", "attempt")
        for (before, attempt), (after, next_attempt) in pairwise(ends):
            # Between attempts lies time in which nobody trained.
            if attempt == next_attempt:
                epochs.append((after - before).total_seconds())
    if epochs and run.epochs:
        seconds = run.epochs * statistics.median(epochs)
        return {"seconds": seconds, "basis": "earlier runs"}
    if result["batch"]:
        return {"seconds": result["batch"]["total_seconds"], "basis": "measured batch"}
    return None

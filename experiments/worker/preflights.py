"""A look at a run before it is launched: its data audited, one real batch tried."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
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
from segweb.jobs import Lease, patiently

TOO_LONG = gettext_noop("The check took too long.")
SECONDS = 900
ALIKE = 5  # earlier runs that an estimate looks at


def look(preflight: Preflight, lease: Lease) -> dict[str, Any]:
    """The fields that a look at a run gains by being carried out.

    ValidationError says what of the request does not fit.
    """
    run = Run(**preflight.request)
    gpus_require(run)
    leash = [sys.executable, "-I", str(LEASH), str(os.getpid())]
    with TemporaryDirectory() as folder:
        config = config_write(run, Path(folder))
        command = [sys.executable, "-m", "models_zoo", "preflight", f"--config={config}", "--json"]
        try:
            told = subprocess.run(
                [*leash, *command], cwd=BASE_DIR, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired as fault:
            raise ValidationError(TOO_LONG) from fault
    # Those explain themselves as JSON; any other code is a fault of the program.
    if told.returncode not in (0, MISFIT_CODE, FAILED_CODE):
        raise RuntimeError(told.stderr)
    result = json.loads(told.stdout.splitlines()[-1])
    if failure := result.get("failure"):
        raise ValidationError(places_hidden(failure["message"]))
    result["estimate"] = patiently(lambda: _estimate(run, result))
    return {"result": result}


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

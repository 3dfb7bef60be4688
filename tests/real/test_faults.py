"""Many short runs under random faults; `make faults` runs a thousand, continuous integration a few.

FAULT_JOBS says how many, FAULT_SEED which faults, FAULT_PAUSE the seconds between them at most.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.real.training import Chaos, TrainingStack, must_hold

JOBS = int(os.environ.get("FAULT_JOBS", "3"))
SEED = int(os.environ.get("FAULT_SEED", "0"))
PAUSE = float(os.environ.get("FAULT_PAUSE", "3"))
SECONDS_A_JOB = 60
EPOCHS = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 + SECONDS_A_JOB * JOBS)]


def test_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    # Kills are no fault of the runs here.
    training = TrainingStack(tmp_path, MAX_ATTEMPTS="1000", STALL_SECONDS="20")
    try:
        training.stack.start("trainer", "second trainer", "sweeper")
        whole = training.launch(epochs=EPOCHS)
        assert training.ended(whole)["state"] == "DONE"
        (weights,) = training.weights(whole)
        runs = [training.launch(epochs=EPOCHS) for _ in range(JOBS)]
        faults = Chaos(training, SEED, PAUSE).until_all_ended(seconds=600 + SECONDS_A_JOB * JOBS)
        told = ", ".join(f"{count} {name}" for name, count in sorted(faults.items()))
        print(f"{JOBS} runs, {faults.total()} faults: {told}")  # noqa: T201
        must_hold(training, [whole, *runs], EPOCHS, weights)
        media = training.stack.var / "media"
        stored = training.column("SELECT file FROM inference_image")
        assert [name for name in stored if not (media / name).exists()] == []
        training.orphans()
        assert training.orphans().strip() == ""
    finally:
        training.stack.stop()
        training.trainers_kill()

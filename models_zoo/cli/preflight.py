"""preflight: a look at a run before it is started."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from models_zoo.cli.train import config_arguments, config_of
from models_zoo.training.record.failures import FAILED_CODE, Kind, TrainingFailed, failure_of

HELP = "Audit the data and try a batch before a training."
TOLD_SECONDS = 0.5  # between two lines of how far it is


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    config_arguments(parser)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Audits the data and tries a batch; with `--json`, a failure is an object too."""
    from models_zoo.training.preflight import preflight as look

    try:
        looked = look(config_of(options), **({"tell": _teller()} if options.json else {}))
    except Exception as error:
        failure = failure_of(error, Path())
        # A look may fail in any way and is still an answer: a sentence and code 4, no traceback.
        if failure.kind == Kind.UNFORESEEN:
            failure = replace(failure, code=FAILED_CODE)
        if options.json:
            print(json.dumps({"failure": failure.to_json()}))
        if failure.code == FAILED_CODE:
            raise TrainingFailed(failure) from error
        raise
    for finding in looked["findings"]:
        print(finding["message"])
    if batch := looked["batch"]:
        print(
            f"{batch['seconds']:.2f} s a step and {batch['peak_bytes'] / 2**30:.2f} GiB at most on "
            f"{batch['device']}; about {batch['total_seconds'] / 60:.0f} min in all"
        )
    return looked


def _teller() -> Callable[[str, int, int], None]:
    """Prints how far it is as a line of JSON, each stage at once and steps now and then."""
    told_stage, told_at = "", 0.0

    def tell(stage: str, step: int, steps: int) -> None:
        nonlocal told_stage, told_at
        now = time.monotonic()
        if stage != told_stage or now > told_at + TOLD_SECONDS:
            told_stage, told_at = stage, now
            progress = {"stage": stage, "step": step, "steps": steps}
            print(json.dumps({"progress": progress}), flush=True)

    return tell

"""train-zoo: all that the zoo lacks, trained and shipped."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

from models_zoo.training.record.failures import (
    FAILED_CODE,
    Failure,
    Kind,
    Stopped,
    TrainingFailed,
)

HELP = "Train and ship what the zoo lacks."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument(
        "--camvid", default="", metavar="PATH", help="CamVid's folder; else scenes only"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("var/zoo"), help="where the runs are kept"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Trains and ships what the zoo lacks."""
    from models_zoo.precision import device_name
    from models_zoo.training.zoo.plan import plan, zoo_train

    # Hours of training give way to what else this machine does.
    os.nice(19)
    say = partial(print, flush=True)
    items = plan(camvid=options.camvid, full=device_name() == "cuda")
    try:
        failed = zoo_train(items, runs=options.runs, say=say)
    except Stopped:
        print("Stopped; the same command goes on.")
        return {"stopped": True}
    if failed:
        sentence = f"{len(failed)} trainings failed: {', '.join(failed)}."
        raise TrainingFailed(Failure(Kind.UNFORESEEN, sentence, FAILED_CODE))
    return {}

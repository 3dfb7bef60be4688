"""train: one run, from its configuration to a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.cli.configuration import config_arguments, config_of
from models_zoo.training.record.events import EventLog
from models_zoo.training.record.failures import (
    Stopped,
    failure_of,
)

HELP = "Train a network."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    config_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--resume", action="store_true", help="go on where the run in --out stopped"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Trains, or goes on training."""
    from models_zoo.training.run import train as train_run

    try:
        config = config_of(options)
    except ValueError as error:
        if options.out.is_dir():  # of a run that somebody waits for
            EventLog(options.out).write("failure", **failure_of(error).to_json())
        raise
    try:
        sidecar = train_run(config, options.out, resume=options.resume)
    except Stopped:
        print(f"Stopped; go on with --resume --out {options.out}")
        return {"stopped": True}
    result = sidecar["scores"][0]
    print(f"{sidecar['key']}: mIoU {result['miou']:.4f} on {result['split']} (fp32)")
    return {"key": sidecar["key"], **result}

"""train: one run, from its configuration to a checkpoint."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from models_zoo.networks.catalogue import VARIANTS
from models_zoo.training.config import CHOICES, FLAGS, TrainConfig, with_settings
from models_zoo.training.record.events import EventLog
from models_zoo.training.record.failures import Stopped, failure_of
from models_zoo.training.zoo.presets import paper_settings

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


def config_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags that a configuration is made of."""
    choices = "; ".join(f"{name}: {', '.join(known)}" for name, known in CHOICES.items())
    parser.epilog = f"Settings with a choice: {choices}."
    parser.add_argument("--arch", dest="architecture", help="a key of `list`")
    parser.add_argument("--variant", choices=VARIANTS, help="slim unless given")
    parser.add_argument("--data", help="such as camvid:PATH")
    parser.add_argument("--epochs", type=int, help="30 unless given")
    parser.add_argument("--seed", type=int, help="0 unless given")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="a run's settings in JSON; the others win"
    )
    parser.add_argument("--paper", action="store_true", help="begin with the paper's settings")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting, as in lr=0.01; again for each",
    )


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The file of --config, then the flags, then --set: what comes later wins."""
    given = {name: value for name in FLAGS if (value := getattr(options, name)) is not None}
    settings: dict[str, Any] = {}
    if options.config:
        try:
            settings = dict(json.loads(options.config.read_bytes()))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{options.config} holds no JSON object of settings: {error}."
            ) from error
    settings |= given
    if options.paper:
        settings = paper_settings(settings.get("architecture", "")) | settings
    return with_settings(TrainConfig.from_json(settings), options.set)

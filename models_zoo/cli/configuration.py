"""A run's configuration from the command line: a file, flags, settings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from models_zoo.networks.catalogue import VARIANTS
from models_zoo.training.config import CHOICES, FLAGS, TrainConfig, with_settings
from models_zoo.training.zoo.presets import paper_settings


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
    settings = (_settings_read(options.config) if options.config else {}) | given
    if options.paper:
        settings = paper_settings(settings.get("architecture", "")) | settings
    return with_settings(TrainConfig.from_json(settings), options.set)


def _settings_read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no JSON object of settings: {error}.") from error

"""The command line. `--json` prints one object as the last line; errors are one sentence."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path

from models_zoo.cli import commands, page_commands
from models_zoo.networks.catalogue import VARIANTS
from models_zoo.study.cards import PATH as CARDS
from models_zoo.study.descriptions import FOLDER as DESCRIPTIONS
from models_zoo.study.stories import FOLDER as STORIES
from models_zoo.training.config import CHOICES
from models_zoo.training.record.failures import (
    FAILED_CODE,
    MISFIT_CODE,
    STOPPED_CODE,
    TrainingFailed,
    sentence_of,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code.

    0: done. 2: the input does not fit. 3: training was stopped and saved its state. 4: training
    met a failure that it explains (memory, disk, a loss that is no number). Of the processes of
    one training, the first alone prints a result; each prints its own failure.
    """
    options = _parser().parse_args(arguments)
    # torchrun starts this once for each process; lines of several would mix in one pipe.
    leads = os.environ.get("RANK", "0") == "0"
    with nullcontext() if leads else redirect_stdout(StringIO()):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    try:
        result = options.run(options)
    except (commands.Failed, TrainingFailed) as failure:
        print(f"models_zoo: {failure}", file=sys.stderr)
        return FAILED_CODE
    except (ValueError, OSError) as error:
        print(f"models_zoo: {sentence_of(error)}", file=sys.stderr)
        return MISFIT_CODE
    if options.json:
        print(json.dumps(result))
    return STOPPED_CODE if result.get("stopped") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="models_zoo", description="The networks from FCN to DeepLab v3."
    )
    added = parser.add_subparsers(required=True)

    def command(name: str, run: commands.Command, text: str) -> argparse.ArgumentParser:
        parser = added.add_parser(name, help=text, description=text)
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
        parser.set_defaults(run=run)
        return parser

    command("list", commands.list_, "The architectures that exist.")
    _describe_arguments(
        command("describe", page_commands.describe, "Write what the pages show of architectures.")
    )
    training = command("train", commands.train, "Train a network.")
    _config_arguments(training)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--resume", action="store_true")
    look = "Audit the data and try a batch before a training."
    _config_arguments(command("preflight", commands.preflight, look))
    zoo = command("train-zoo", commands.train_zoo, "Train and ship what the zoo lacks.")
    zoo.add_argument(
        "--camvid", default="", metavar="PATH", help="CamVid's folder; else scenes only"
    )
    zoo.add_argument("--runs", type=Path, default=Path("var/zoo"), help="where the runs are kept")
    _evaluate_arguments(command("evaluate", commands.evaluate, "Score a checkpoint on a split."))
    _predict_arguments(command("predict", commands.predict, "Write the masks of images."))
    history = command("history", commands.history, "Export a finished run's history.")
    history.add_argument("--run", type=Path, required=True, dest="run_folder", metavar="DIR")
    history.add_argument("--out", type=Path, required=True, help="such as unet-slim.history.zip")
    audit = command("audit", commands.audit, "Look for faults in a data set.")
    audit.add_argument("--data", required=True, help="such as folder:PATH")
    audit.add_argument("--splits", nargs="+", default=["train", "val"])
    _pseudo_arguments(command("pseudo", commands.pseudo, "Label images by a checkpoint."))
    story = command(
        "story", page_commands.story, "Measure the shipped checkpoints of a data set alike."
    )
    story.add_argument("--data", required=True, help="scenes, or camvid:PATH")
    story.add_argument("--split", default="test")
    story.add_argument("--out", type=Path, default=STORIES, help="a folder")
    story.add_argument("--also", type=Path, nargs="+", default=[], help="weights not shipped")
    cards = command("cards", page_commands.cards, "Write the model cards from the sidecars.")
    cards.add_argument("--out", type=Path, default=CARDS)
    command("bench", commands.bench, "Compare training and counting with plain PyTorch.")
    check = command("gpu-check", commands.gpu_check, "Measure what this device does.")
    check.add_argument("--minutes", type=float, default=2.5, help="about how long it may take")
    check.add_argument("--out", type=Path, default=Path("docs"), help="for gpu.md and gpu.json")
    return parser


def _describe_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", nargs="*", metavar="KEY", help="all architectures unless named")
    parser.add_argument("--out", type=Path, default=DESCRIPTIONS)


def _config_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--precision", choices=CHOICES["precision"], default="fp32")
    parser.add_argument("--out", type=Path, help="a JSON file for scores and counts of each image")


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--out", type=Path, required=True)


def _pseudo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--threshold", default="0.9", help="for all, and by class: 0.9,car=0.8")
    parser.add_argument("--out", type=Path, required=True)

"""The command line. `--json` prints one object as the last line; errors are one sentence.

A command is a module here or in a folder, named in COMMANDS: HELP says what it does, `arguments`
declares what it takes, `run` does it, prints for people and returns what `--json` prints. None
imports torch before it needs it, so that `list` and `--help` are quick.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from keyword import iskeyword

from models_zoo.training.record.failures import (
    FAILED_CODE,
    MISFIT_CODE,
    STOPPED_CODE,
    TrainingFailed,
    sentence_of,
)

COMMANDS = (
    *("list", "describe", "train", "preflight", "train-zoo", "evaluate", "predict", "history"),
    *("exchange.import", "exchange.export"),
    *("audit", "pseudo", "ablate", "story", "cards", "bench", "gpu-check"),
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
        try:
            result = options.run(options)
        except TrainingFailed as failure:
            _say(str(failure))
            return FAILED_CODE
        except (ValueError, OSError) as error:
            _say(sentence_of(error))
            return MISFIT_CODE
        if options.json:
            print(json.dumps(result))
    return STOPPED_CODE if result.get("stopped") else 0


def _say(sentence: str) -> None:
    # Into a log on the disk that is full, it must not hide the exit code.
    with suppress(OSError):
        print(f"models_zoo: {sentence}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="models_zoo", description="The networks from FCN to DeepLab v3."
    )
    added = parser.add_subparsers(required=True)
    for name in COMMANDS:
        # A word of Python's is no module's name: import_.
        module = f"{name}_" if iskeyword(name.rpartition(".")[2]) else name.replace("-", "_")
        command = import_module(f"{__name__}.{module}")
        one = added.add_parser(name.rpartition(".")[2], help=command.HELP, description=command.HELP)
        one.add_argument("--json", action="store_true", help="one JSON object as the last line")
        command.arguments(one)
        one.set_defaults(run=command.run)
    return parser

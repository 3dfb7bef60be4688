"""history: a finished run's history in one small file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

HELP = "Export a finished run's history."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument(
        "--run", type=Path, required=True, dest="run_folder", metavar="DIR", help="a run's folder"
    )
    parser.add_argument("--out", type=Path, required=True, help="such as unet-slim.history.zip")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Exports a finished run's history."""
    from models_zoo.training.zoo.history import history_write

    history_write(options.run_folder, options.out)
    print(f"{options.out}  {options.out.stat().st_size / 1024:.0f} KiB")
    return {"file": str(options.out)}

"""cards: the model cards, from the sidecars."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.files import write_atomically
from models_zoo.study.cards import PATH, cards_text

HELP = "Write the model cards from the sidecars."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--out", type=Path, default=PATH, help="docs/zoo.md unless given")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Writes the model cards."""
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, cards_text().encode())
    print(options.out)
    return {"written": str(options.out)}

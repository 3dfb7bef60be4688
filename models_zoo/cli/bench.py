"""bench: training and counting beside plain PyTorch."""

from __future__ import annotations

import argparse
from typing import Any

HELP = "Compare training and counting with plain PyTorch."


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes nothing of its own."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The two ratios, each measured in one run."""
    from models_zoo.bench import counting_ratio, training_ratio

    counting, training = counting_ratio(), training_ratio()
    print(f"training throughput beside a plain loop    {training['ratio']:5.2f} (at least 2.0)")
    print(f"confusion counts beside torchmetrics       {counting['ratio']:5.1f} (at least 20)")
    return {"training": training, "counting": counting}

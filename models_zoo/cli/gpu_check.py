"""gpu-check: what this device does with the catalogue, as a page."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

HELP = "Measure what this device does."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--minutes", type=float, default=2.5, help="about how long it may take")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="for gpu.md and gpu.json")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures what this device does with the catalogue, and writes the page."""
    from models_zoo.gpu_check.report import gpu_check as check
    from models_zoo.gpu_check.report import report_write
    from models_zoo.precision import device_name

    result = check(device_name(), seconds=60 * options.minutes, say=partial(print, flush=True))
    report_write(result, options.out)
    print(f"{options.out / 'gpu.md'}: {len(result['failed'])} failed")
    return result

"""audit: the faults of a data set."""

from __future__ import annotations

import argparse
from typing import Any

from models_zoo.data import open_dataset
from models_zoo.data.audit import audit as audit_splits

HELP = "Look for faults in a data set."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--data", required=True, help="such as folder:PATH")
    parser.add_argument(
        "--splits", nargs="+", default=["train", "val"], help="train and val unless given"
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Looks for faults; ValueError with those that training refuses."""
    splits = {split: open_dataset(options.data, split) for split in options.splits}
    audited = audit_splits(splits)
    for split, pixels in audited.class_pixels.items():
        print(f"{split}: {len(splits[split])} images")
        for entry, count in zip(splits[split].classes, pixels.tolist(), strict=True):
            print(f"  {entry['name']:20} {count / max(int(pixels.sum()), 1):8.4%}")
    for finding in audited.findings:
        print(finding)
    audited.require_sound()
    return audited.as_dict()

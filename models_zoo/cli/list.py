"""list: the architectures that exist, and with --json what each costs and sees."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from models_zoo.networks.catalogue import VARIANTS, catalogue

HELP = "The architectures that exist."


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes nothing of its own."""


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The catalogue; with `--json`, what each variant costs and sees, which is computed."""
    for architecture in catalogue().values():
        print(f"{architecture.key:20} {architecture.paper.year}  {architecture.title}")
        print(f"{'':26}{architecture.idea}")
    if not options.json:
        return {}
    from models_zoo.networks.measure import figures

    return {
        "architectures": [
            {
                "key": a.key,
                "title": a.title,
                "paper": a.paper.title,
                "year": a.paper.year,
                "idea": a.idea,
                "variants": {variant: asdict(figures(a.key, variant)) for variant in VARIANTS},
            }
            for a in catalogue().values()
        ]
    }

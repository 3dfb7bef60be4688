"""Keep the counts of each image, so that a shipped run can be told from another, or from chance."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from experiments.records.checkpoints import counts_keep


class Command(BaseCommand):
    """`manage.py keep_counts FILE…`."""

    help = "Keep what `python -m models_zoo evaluate --out FILE` counted of shipped weights."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The files that were written."""
        parser.add_argument("files", nargs="+", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        for path in options["files"]:
            try:
                evaluation = counts_keep(told=json.loads(path.read_text()))
            except (OSError, ValueError, KeyError, TypeError) as fault:
                raise CommandError(f"{path} is no file of evaluate --out: {fault!r}") from fault
            except ValidationError as refusal:
                raise CommandError(f"{path}: {' '.join(refusal.messages)}") from refusal
            said = f"{evaluation.checkpoint.key}: {evaluation.split}, image by image"
            self.stdout.write(f"{said}, {evaluation.images} images")

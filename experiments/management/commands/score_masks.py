"""Score masks that something else predicted, and put them beside the networks."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from experiments.checkpoints.elsewhere import masks_record


class Command(BaseCommand):
    """`manage.py score_masks theirs.zip --name Theirs --data camvid:streets --split test`."""

    help = "Score a zip or folder of masks on a split; leaderboard and run table show it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the masks lie, what they are called and what they are masks of."""
        parser.add_argument("masks", type=Path, help="PNGs of class ids, called as their images")
        parser.add_argument("--name", required=True, help="of what predicted them")
        parser.add_argument("--data", required=True, help="as the launch form names it")
        parser.add_argument("--split", default="test", help="test unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in ("name", "masks", "data", "split")}
        try:
            checkpoint = masks_record(**given)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        miou = checkpoint.evaluation.scores["miou"] if checkpoint.evaluation else None
        told = "no class" if miou is None else f"mIoU {miou:.4f}"
        self.stdout.write(f"{checkpoint.architecture}: {told}, run {checkpoint.run_id}")

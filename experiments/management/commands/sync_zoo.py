"""Bring the shipped checkpoints and histories into the database; run by `up` at every start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from experiments.checkpoints.published import published_sync
from experiments.checkpoints.services import zoo_sync
from experiments.runs.histories import run_import
from models_zoo.checkpoints.history import histories


class Command(BaseCommand):
    """`manage.py sync_zoo`."""

    help = "Bring shipped checkpoints and histories into the database (idempotent, without torch)."

    def handle(self, *args: Any, **options: Any) -> None:
        synced = zoo_sync()
        for key in [*synced.added, *published_sync()]:
            self.stdout.write(f"{key}: on offer")
        # After the checkpoints, which a history ties its run to.
        for path in histories():
            try:
                if run := run_import(history=path):
                    self.stdout.write(f"{run.name}: its history")
            except ValueError as fault:
                self.stderr.write(f"Left out {fault}")
        for message in synced.damaged:
            self.stderr.write(f"Left out {message}")
        self.stdout.write(f"{len(synced.unchanged)} checkpoints were there already.")

"""`manage.py import_runs`: histories that other trackers kept become runs of an account."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from experiments.runs.elsewhere import mlflow_server, mlflow_store, tables, tensorboard
from experiments.runs.elsewhere.history import Histories, NoHistory
from experiments.runs.elsewhere.services import history_import


class Command(BaseCommand):
    """Imports each history once, however often it is called."""

    help = "Import runs of an MLflow file store or server, TensorBoard's event files, or CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where they are, and whose they become."""
        parser.add_argument(
            "source", nargs="+", help="mlruns/, http://server:5000, logs/, metrics.csv"
        )
        parser.add_argument("--owner", required=True, help="the account whose runs they become")

    def handle(self, *args: Any, source: list[str], owner: str, **options: Any) -> None:
        """Say of each run that it was imported, was there already, or what is wrong with it."""
        user = User.objects.filter(username=owner).first()
        if user is None:
            raise CommandError(f"There is no account {owner}.")
        wrong = 0
        for one in source:
            try:
                for history in _histories(one):
                    try:
                        run = history_import(owner=user, history=history)
                    except ValidationError as fault:
                        wrong += 1
                        self.stderr.write(f"{history.name}: {' '.join(fault.messages)}")
                        continue
                    told = f"run {run.pk}" if run else "there already"
                    self.stdout.write(f"{history.name}: {told}")
            except (NoHistory, OSError) as fault:
                wrong += 1
                self.stderr.write(str(fault))
        if wrong:
            raise CommandError(f"{wrong} could not be imported; the others were.")


def _histories(source: str) -> Histories:
    if source.startswith(("http://", "https://")):
        return mlflow_server.histories(source, os.environ.get("MLFLOW_TRACKING_TOKEN", ""))
    path = Path(source)
    if path.is_file() and tensorboard.MARK not in path.name:
        return tables.histories(path)
    if any(path.glob("*/*/meta.yaml")):
        return mlflow_store.histories(path)
    return tensorboard.histories(path if path.is_dir() else path.parent)

"""Bring the shipped checkpoints into the database; run by `up` at every start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from experiments.services import published_sync, zoo_sync


class Command(BaseCommand):
    """`manage.py sync_zoo`."""

    help = "Bring the shipped checkpoints into database and storage (idempotent, imports no torch)."

    def handle(self, *args: Any, **options: Any) -> None:
        synced = zoo_sync()
        for key in [*synced.added, *published_sync()]:
            self.stdout.write(f"{key}: on offer")
        for message in synced.damaged:
            self.stderr.write(f"Left out {message}")
        self.stdout.write(f"{len(synced.unchanged)} checkpoints were there already.")

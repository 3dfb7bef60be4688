"""`manage.py prune`: of runs that ended only the best weights and the last two states stay.

Runs that end by themselves are pruned as they end; this catches up on those whose worker died.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Sum

from experiments.models import Run
from experiments.records.publishing import checkpoints_prune


class Command(BaseCommand):
    """Prune, and tell the disk in use."""

    help = "Remove what ended runs need no more, and say how much disk the runs take."

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = checkpoints_prune()
        used = Run.objects.aggregate(used=Sum("disk_bytes"))["used"] or 0
        self.stdout.write(f"{pruned.files} files of {pruned.bytes / 2**20:.1f} MiB removed.")
        self.stdout.write(f"The runs take {used / 2**20:.1f} MiB.")

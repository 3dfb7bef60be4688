"""The sweeper: every SWEEP_SECONDS it takes back expired leases and resends lost wake-ups.

Beside that it does what others asked for (`segweb.jobs.chores`), such as removing files that no row
names, and what visitors made long ago.

A process of its own; several copies do no harm. It may be stopped at any moment, since each step
of a pass is one conditional UPDATE, and what is half removed is removed the next time.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from segweb.jobs import Swept, sweep_once
from segweb.jobs.chores import chores_due
from segweb.patience import WORKER_SECONDS, statements_bound

logger = logging.getLogger(__name__)


def sweep_and_log() -> None:
    """One pass, and what it did."""
    if (swept := sweep_once()) != Swept():
        logger.info("%s", swept)


def tried(step: Callable[[], Any]) -> None:
    """Do a step; a database or a storage that is busy, away or full is only logged."""
    # Django does so after requests, of which there is none here.
    close_old_connections()
    try:
        step()
    except (DatabaseError, InterfaceError, OSError) as fault:
        logger.warning("This pass of the sweeper failed: %s", fault)
        connection.close()


class Command(BaseCommand):
    """`manage.py sweep`."""

    help = "Take back expired leases and resend lost wake-ups until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        statements_bound(seconds=WORKER_SECONDS)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
        while True:
            tried(sweep_and_log)
            for chore in chores_due():
                tried(chore)
            time.sleep(settings.SWEEP_SECONDS)

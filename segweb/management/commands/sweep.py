"""The sweeper: every SWEEP_SECONDS it takes back expired leases and resends lost wake-ups.

A process of its own; several copies do no harm. It may be stopped at any moment, since each step
of a pass is one conditional UPDATE.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from segweb.jobs import Swept, sweep_once

logger = logging.getLogger(__name__)


def sweep_and_log() -> None:
    """One pass; a database that is busy or away is only logged."""
    # Django does so after requests, of which there is none here.
    close_old_connections()
    try:
        swept = sweep_once()
    except (DatabaseError, InterfaceError) as fault:
        logger.warning("This pass of the sweeper failed: %s", fault)
        connection.close()
        return
    if swept != Swept():
        logger.info("%s", swept)


class Command(BaseCommand):
    """`manage.py sweep`."""

    help = "Take back expired leases and resend lost wake-ups until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
        while True:
            sweep_and_log()
            time.sleep(settings.SWEEP_SECONDS)

"""`manage.py prepare`: what must be in place before a process starts; again after each upgrade.

Database tables, shipped checkpoints, static files, and an account that may enter the admin pages.
It costs next to nothing when all of it is there.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from segweb.env import work_privately
from segweb.host import preparation


class Command(BaseCommand):
    """Tables, checkpoints, static files, account."""

    help = "Bring database, shipped checkpoints and static files up to date."
    requires_system_checks = ()  # a test runs them; at each start they would only cost time

    def handle(self, *args: Any, **options: Any) -> None:
        work_privately()
        try:
            preparation.migrate()
            call_command("sync_zoo", verbosity=0)
            password = preparation.admin_create()
        except DatabaseError as fault:
            raise CommandError(f"The database cannot be used: {fault}") from fault
        preparation.collect_static(settings.STATIC_ROOT)
        if password:
            self.stdout.write(
                f"\n  The administrator's account is admin, its password {password}\n"
                "  (shown this once; `manage.py changepassword admin` sets another)\n"
            )

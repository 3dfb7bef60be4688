"""`manage.py serve`: the pages and the API, as one process of `up`'s."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from django.urls import reverse

from segweb.env import env, work_privately
from segweb.host.web_server import WebServer
from segweb.patience import REQUEST_SECONDS, statements_bound

UPLOADS = 10  # images of the largest size: a batch takes fewer, and says so itself


class Command(BaseCommand):
    """Serve until TERM."""

    help = "Serve the pages and the API on one address, until it is told to end."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", required=True, help="host:port")
        parser.add_argument("--threads", type=int, required=True, help="answers at one time")

    def handle(self, *args: Any, bind: str, threads: int, **options: Any) -> None:
        work_privately()
        statements_bound(seconds=REQUEST_SECONDS)
        WebServer(
            get_wsgi_application(),
            bind=bind,
            threads=threads,
            upload_bytes=UPLOADS * settings.UPLOAD_MAX_BYTES,
            import_bytes=settings.IMPORT_MAX_BYTES,
            prefix=env("SCRIPT_NAME"),
            proxies=settings.NUM_PROXIES,
            import_paths=[
                reverse(f"experiments-api:{name}").rstrip("/")
                for name in ("datasets", "network-imports", "masks-imports")
            ],
        ).serve()

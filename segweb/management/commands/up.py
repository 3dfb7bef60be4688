"""`manage.py up`: everything SegWeb needs, on this host, until Ctrl-C.

It checks, prepares the database and the static files, and runs Redis, the web server, the workers
and the sweeper under one supervisor. `--workers` runs the workers only, for a further host that
shares REDIS_URL, DATABASE_URL and the files.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from segweb import preflight, processes, redis_server
from segweb.addresses import addresses, authority
from segweb.env import BASE_DIR, env
from segweb.supervisor import Process, Supervisor, say

PAGE_SECONDS = 60


class Command(BaseCommand):
    """Check, prepare, start, watch, stop."""

    help = "Run everything SegWeb needs on this host, until Ctrl-C."
    requires_system_checks = ()  # `make test` does them; here they would only cost time

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", action="store_true", help="only the workers")

    def handle(self, *args: Any, workers: bool, **options: Any) -> None:
        os.chdir(BASE_DIR)
        over = _over()
        preflight.check_disk(settings.VAR_DIR)
        try:
            _run_workers(over) if workers else _run_all(over)
        except DatabaseError as fault:
            raise CommandError(f"The database cannot be used: {fault}") from fault


def _run_workers(over: Callable[[], bool]) -> None:
    redis_url = env("REDIS_URL")
    if not redis_url:
        raise CommandError("Set REDIS_URL (and DATABASE_URL) to those of the host that has them.")
    _require(redis_url)
    with Supervisor(environment=_environment(redis_url)) as supervisor:
        for process in processes.workers():
            supervisor.start(process)
        supervisor.watch(until=over)


def _run_all(over: Callable[[], bool]) -> None:
    var = settings.VAR_DIR
    with preflight.lock(var) as lock:
        preflight.check_port(settings.HOST, settings.PORT)
        redis = _private_redis()
        redis_url = redis_server.recorded_url(var) if redis else env("REDIS_URL")
        environment = _environment(redis_url)
        with Supervisor(environment=environment, keep_open=[lock.fileno()]) as supervisor:
            if redis:
                supervisor.start(redis)
            password = _prepare()
            _require(redis_url)
            threading.Thread(target=_announce, args=[password], daemon=True).start()
            for process in _processes():
                supervisor.start(process)
            supervisor.watch(until=over)
        if redis:
            redis_server.remove_record(var)


def _private_redis() -> Process | None:
    if env("REDIS_URL"):
        return None
    server = redis_server.find_server()
    if server is None:
        raise CommandError(redis_server.ADVICE)
    return redis_server.process(server, settings.VAR_DIR)


def _require(redis_url: str) -> None:
    if not redis_server.answers(redis_url, seconds=10):
        raise CommandError(f"The Redis at {redis_url} does not answer (see also var/redis.log).")


def _prepare() -> str | None:
    """Database, shipped checkpoints, static files, account; the new account's password."""
    preflight.migrate()
    call_command("sync_zoo", verbosity=0)
    preflight.collect_static(settings.STATIC_ROOT)
    return preflight.admin_create()


def _processes() -> list[Process]:
    bind = authority(settings.HOST, settings.PORT)
    web = processes.web(bind=bind, threads=env("WEB_THREADS"))
    return [web, *processes.workers(), processes.sweeper()]


def _environment(redis_url: str) -> dict[str, str]:
    return {"REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}


def _announce(password: str | None) -> None:
    """Tell where the page is as soon as it answers."""
    urls = addresses(settings.HOST, settings.PORT)
    deadline = time.monotonic() + PAGE_SECONDS
    while not _page_answers(urls[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    if password:
        say(f"\n  The administrator's account is `admin`, its password {password}")
        say("  (shown this once; `manage.py changepassword admin` sets another)")
    say(f"\n  SegWeb is at {'  and  '.join(urls)}\n  Ctrl-C stops it.\n")


def _page_answers(url: str) -> bool:
    try:
        urlopen(url, timeout=5).close()  # noqa: S310  (our own http address)
    except HTTPError:
        return True  # what is wrong shows in the server's log
    except OSError:
        return False
    return True


def _over() -> Callable[[], bool]:
    """Whether to stop: on Ctrl-C, TERM or HUP, and when the `make` that started this is gone."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda *_: asked.set())
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    return lambda: asked.is_set() or (parent is not None and os.getppid() != parent)

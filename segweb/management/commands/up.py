"""`manage.py up`: everything SegWeb needs, on this host, until Ctrl-C.

It checks this host, prepares (see `prepare`), and runs Redis, the web server, the workers and the
sweeper under one supervisor. `--workers` runs the workers only, for a further host that
shares REDIS_URL, DATABASE_URL and the files.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from segweb.env import BASE_DIR, env, work_privately
from segweb.host import processes, redis_server, start_check
from segweb.host.addresses import addresses, authority
from segweb.host.supervisor import Process, Supervisor, say


class Command(BaseCommand):
    """Check, prepare, start, watch, stop."""

    help = "Run everything SegWeb needs on this host, until Ctrl-C."
    requires_system_checks = ()  # a test runs them; at each start they would only cost time

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", action="store_true", help="only the workers")

    def handle(self, *args: Any, workers: bool, **options: Any) -> None:
        os.chdir(BASE_DIR)
        work_privately()
        over = _over()
        start_check.check_disk(settings.VAR_DIR)
        if workers:
            _run_workers(over)
        else:
            _run_all(over)


def _run_workers(over: Callable[[], bool]) -> None:
    if not env("REDIS_URL"):
        raise CommandError("Set REDIS_URL (and DATABASE_URL) to those of the host that has them.")
    redis_url = _given_redis()
    with Supervisor(environment=_environment(redis_url)) as supervisor:
        for process in processes.workers():
            supervisor.start(process)
        supervisor.watch(until=over)


def _run_all(over: Callable[[], bool]) -> None:
    var = settings.VAR_DIR
    with start_check.lock(var) as lock:
        start_check.check_port(settings.HOST, settings.PORT)
        redis = None if env("REDIS_URL") else _private_redis()
        redis_url = redis_server.recorded_url(var) if redis else _given_redis()
        environment = _environment(redis_url)
        # The keeper holds the lock too: a start after kill -9 waits until the former Redis is gone,
        # and no two of them write one append-only file.
        with Supervisor(environment=environment, keep_open=[lock.fileno()]) as supervisor:
            if redis:
                supervisor.start(redis)
            # While Redis starts.
            call_command("prepare")
            if redis:
                _wait_for_redis(supervisor, redis_url)
            threading.Thread(target=_announce, daemon=True).start()
            bind = authority(settings.HOST, settings.PORT)
            web = processes.web(bind=bind, threads=env("WEB_THREADS"))
            for process in (web, *processes.workers(), processes.sweeper()):
                supervisor.start(process)
            supervisor.watch(until=over)
        if redis:
            redis_server.remove_record(var)


def _wait_for_redis(supervisor: Supervisor, redis_url: str) -> None:
    answers = partial(redis_server.answers, redis_url, seconds=0)
    deadline = time.monotonic() + 30
    # Watched, so that one that does not start with its files is started without them.
    supervisor.watch(until=lambda: answers() or time.monotonic() > deadline)
    if not answers():
        log = settings.VAR_DIR / "redis.log"
        raise CommandError(f"The private Redis does not answer; see {log}.")


def _private_redis() -> Process:
    server = redis_server.find_server()
    if server is None:
        raise CommandError(redis_server.ADVICE)
    return redis_server.process(server, settings.VAR_DIR)


def _given_redis() -> str:
    redis_url = env("REDIS_URL")
    if not redis_server.answers(redis_url, seconds=2):
        # Without its account and password: what a start says is copied into mails and logs.
        place = re.sub("//.*@", "//", redis_url)
        raise CommandError(f"The Redis at REDIS_URL ({place}) does not answer.")
    return redis_url


def _environment(redis_url: str) -> dict[str, str]:
    # Unbuffered: into a pipe Python would write lines only once there are many.
    return {"REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}


def _announce() -> None:
    """Tell where the page is as soon as it answers."""
    urls = [url + env("SCRIPT_NAME").lstrip("/") for url in addresses(settings.HOST, settings.PORT)]
    while True:
        try:
            # Not the first page: behind TLS that one redirects to what is not spoken here.
            urlopen(f"{urls[0].rstrip('/')}/healthz", timeout=5).close()  # noqa: S310  (our own)
            break
        except HTTPError:
            break  # what is wrong shows in the server's log
        except OSError:
            time.sleep(0.05)
    say(f"\n  SegWeb is at {'  and  '.join(urls)}\n  Ctrl-C stops it.\n")


def _over() -> Callable[[], bool]:
    """Whether to stop: on Ctrl-C, TERM or HUP, and when the `make` that started this is gone."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda *_: asked.set())
    # kill -9 of make leaves its child. Only under make, so that nohup and systemd keep working.
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    return lambda: asked.is_set() or (parent is not None and os.getppid() != parent)

"""Whether SegWeb is up and can do its work."""

from __future__ import annotations

from collections.abc import Callable

from celery import current_app
from django.db import OperationalError, connection
from django.http import HttpRequest, JsonResponse

from segweb.jobs.wakeups import BROKER_FAULTS

WORKER_SECONDS = 1.0


def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and both workers answer, each within a bound; else 503."""
    checks = {
        "database": _check(_database),
        "broker": _check(_broker),
        "inference worker": _check(lambda: _worker("inference")),
        "training worker": _check(lambda: _worker("training")),
    }
    ready = all(answer == "ok" for answer in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _check(probe: Callable[[], None]) -> str:
    try:
        probe()
    except (OperationalError, TimeoutError, *BROKER_FAULTS) as fault:
        return type(fault).__name__
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    with current_app.connection_for_write() as broker:
        broker.default_channel.client.ping()


def _worker(name: str) -> None:
    """Ask any worker named `<name>@<host>` or `<name><GPU>@<host>`; the first answer suffices."""
    answers = current_app.control.broadcast(
        "ping", reply=True, limit=1, timeout=WORKER_SECONDS, pattern=f"{name}*@*", matcher="glob"
    )
    if not answers:
        raise TimeoutError

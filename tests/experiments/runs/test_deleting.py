"""A run is deleted while others report to it, change it and look at it: they are told, and no more.

In threads, each with a connection of its own, as the web server's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import Client

from experiments.models import Confusion, Epoch, Run
from segweb.http.problems import explanation
from tests.experiments.factories import run_make

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

RUNS = "/api/v1/runs/"


def until_gone(ask: Callable[[int], Any], begun: Barrier) -> set[int]:
    """The statuses of one request after the other, until the run is not there any more."""
    codes: set[int] = set()
    try:
        for number in count(1):
            codes.add(ask(number).status_code)
            if number == 2:
                begun.wait()
            if 404 in codes:
                return codes
    finally:
        connection.close()
    raise AssertionError  # `count` has no end


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["external", "trained"])
def test_whoever_uses_a_run_that_is_deleted_is_told(kind: str, seed: int) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root"))
    run = run_make(kind=kind, epochs=1, planned=10_000, seed=seed)
    address = f"{RUNS}{run.pk}/"

    def send(method: str, path: str = "", **body: Any) -> Any:
        text = json.dumps(body)
        return client.generic(method, address + path, text, content_type="application/json")

    def report(number: int) -> Any:
        counts = [[3, 0, 0], [0, 2, 1], [1, 0, number]]
        return send("POST", "epochs/", epoch=number, loss=0.5, confusion=counts)

    users: dict[str, Callable[[int], Any]] = {
        "reports": report,
        "reports too": report,
        "changes": lambda number: send("PATCH", notes=f"{number}", tags=["a"]),
        "looks": lambda _: client.get(f"/runs/{run.pk}/"),
        "asks": lambda _: client.get(address),
    }
    if kind == "trained":  # one from elsewhere that was stopped takes no reports
        users["clones"] = lambda _: send("POST", "clone/", dataset="scenes")
        users["stops"] = lambda number: send("POST", "stop/" if number % 2 else "resume/")
    begun = Barrier(len(users) + 1)
    with ThreadPoolExecutor(len(users)) as pool:
        asked = {who: pool.submit(until_gone, ask, begun) for who, ask in users.items()}
        begun.wait()
        while (code := client.delete(address).status_code) == 503:
            pass
    assert code == 204
    for who, found in asked.items():
        # Of SQLite's one writer, who waits for too long is asked to try again.
        assert found.result() <= {200, 201, 202, 400, 404, 409, 429, 503}, who
    assert not Run.objects.filter(pk=run.pk).exists()
    Run.objects.all().delete()  # the clones
    assert not Epoch.objects.exists()
    assert not Confusion.objects.exists()
    assert not default_storage.exists(run.folder)


def test_what_belongs_to_a_row_that_is_gone_is_a_404() -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Epoch.objects.create(run_id=12345, number=1)
    assert explanation(caught.value)[0] == 404
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Epoch.objects.create(run=run_make(epochs=1), number=1)
    assert explanation(caught.value) is None
    assert explanation(Run.DoesNotExist())[0] == 404

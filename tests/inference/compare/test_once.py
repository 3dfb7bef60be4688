"""A form that is sent twice makes one thing, and says so to both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from experiments.models import Checkpoint
from inference.models import Batch, Comparison, Image
from tests.inference.pictures import noise, upload

TWICE = 2


def sent(client: Client, once: str, **fields: object) -> str:
    """Where the upload form leads."""
    body = {"models": [c.key for c in Checkpoint.objects.all()], "once": once, **fields}
    return client.post("/", body)["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["sample", "file"])
def test_two_clicks_are_one_comparison(checkpoints: list[Checkpoint], what: str) -> None:
    def asked() -> dict[str, object]:
        return {"sample": "bus"} if what == "sample" else {"file": upload(noise(seed=1))}

    # Somebody new: neither request brings a session.
    first, second = Client(), Client()
    address = sent(first, "one", **asked())
    assert sent(second, "one", **asked()) == address
    assert (Comparison.objects.count(), Image.objects.count()) == (1, 1)
    for client in (first, second):  # whichever answer the browser keeps
        assert "Delete for good" in client.get(address).content.decode()
    assert sent(first, "another", **asked()) != address
    other = {"sample": "quay"} if what == "sample" else {"file": upload(noise(seed=2))}
    assert sent(first, "one", **other) != address  # the form went back to, something else chosen


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_one_moment_are_one_comparison(checkpoints: list[Checkpoint]) -> None:
    def click(_: int) -> str:
        try:
            return sent(Client(), "one", file=upload(noise()))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TWICE) as clicks:
        addresses = set(clicks.map(click, range(TWICE)))
    assert len(addresses) == 1
    assert (Comparison.objects.count(), Image.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_run_again_and_compare_all_are_sent_once(
    client: Client, checkpoints: list[Checkpoint]
) -> None:
    first = sent(client, "one", sample="bus")
    keys = [checkpoint.key for checkpoint in checkpoints[:2]]
    again = {"models": keys, "once": "two"}
    addresses = {client.post(f"{first}again/", again)["Location"] for _ in range(TWICE)}
    assert len(addresses) == 1
    assert Comparison.objects.count() == 2
    for _ in range(TWICE):
        body = {"files": [upload(noise(), "a.png")], "models": keys, "once": "three"}
        client.post("/batches/new/", body)
    assert Batch.objects.count() == 1


@pytest.mark.django_db
def test_each_form_has_its_own_name(client: Client, checkpoints: list[Checkpoint]) -> None:
    names = [client.get("/").content.decode().split('name="once" value="')[1][:32] for _ in "ab"]
    assert names[0] != names[1]

"""The share link of a batch: it shows all of it to whoever has it, changes nothing, and ends."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from experiments.models import Checkpoint
from inference.batches.services import batch_create, batch_share, batch_unshare
from inference.models import Batch, BatchItem, Comparison
from segweb.jobs import job_execute
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db(transaction=True)
Execute = Callable[[Comparison], None]


@pytest.fixture
def anns(checkpoints: list[Checkpoint], execute_all: Execute) -> Batch:
    """A finished batch of Ann's, of one image."""
    batch = batch_create(files=[upload(noise())], owner=User.objects.create_user("ann"))
    job_execute(model=BatchItem, pk=batch.items.get().pk, device="cpu")
    execute_all(batch.comparisons.get())
    return batch


def status(client: Client, address: str) -> int:
    """Of an answer that is read to its end."""
    answer = client.get(address)
    b"".join(answer)
    return answer.status_code


def links(page: str) -> set[str]:
    """What a page shows and leads to, of the batch."""
    found = map(html.unescape, re.findall(r'(?:src|href|hx-get)="(/[^"]+)"', page))
    return {one for one in found if re.match(r"/(c|s|sb|images|batches|api)/", one)}


def test_whoever_has_the_link_sees_all_of_it_until_it_is_revoked(
    client: Client, anns: Batch
) -> None:
    token, comparison = batch_share(batch=anns), anns.comparisons.get()
    assert batch_share(batch=anns) == token
    api = f"/api/v1/batches/{anns.pk}/"
    addresses = [f"/sb/{token}/", f"/batches/{anns.pk}/?share={token}", f"{api}?share={token}"]
    shown = client.get(addresses[0]).content.decode()
    addresses += [one for one in links(shown) if token in one]
    assert any("/thumbnail/" in one for one in addresses)
    assert any("as=coco" in one for one in addresses)
    compared = f"/c/{comparison.pk}/?share={token}"
    assert compared in addresses
    compare = client.get(compared).content.decode()
    addresses += [one for one in links(compare) if token in one]
    told = client.get(f"{api}?share={token}").json()
    addresses += [told["results_url"], told["images"][0]["comparison_url"]]
    addresses += [f"/api/v1/comparisons/{comparison.pk}/agreement/?share={token}"]
    assert {one: status(client, one) for one in addresses} == dict.fromkeys(addresses, 200)
    for private in ("/share/", "/unshare/", "/delete/", "/again/"):
        assert private not in shown
        assert private not in compare
    assert f'href="/sb/{token}/"' in compare

    batch_unshare(batch=anns)
    assert {one: status(client, one) for one in addresses} == dict.fromkeys(addresses, 404)


def test_a_link_changes_nothing(client: Client, anns: Batch) -> None:
    token, comparison = batch_share(batch=anns), anns.comparisons.get()
    for action in ("share", "unshare", "delete"):
        assert client.post(f"/batches/{anns.pk}/{action}/?share={token}").status_code == 404
    assert client.post(f"/c/{comparison.pk}/again/?share={token}").status_code == 404
    assert client.delete(f"/api/v1/batches/{anns.pk}/?share={token}").status_code == 404
    assert client.get("/sb/no-such-link/").status_code == 404
    assert Batch.objects.get().share_token == token


def test_the_owner_makes_and_revokes_it_on_the_page(client: Client, anns: Batch) -> None:
    page = f"/batches/{anns.pk}/"
    client.force_login(anns.owner)
    assert client.post(f"{page}share/")["Location"] == page
    anns.refresh_from_db()
    assert f"/sb/{anns.share_token}/" in client.get(page).content.decode()
    client.post(f"{page}unshare/")
    anns.refresh_from_db()
    assert anns.share_token is None
    assert "/sb/" not in client.get(page).content.decode()

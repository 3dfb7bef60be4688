"""Every address answers with and without its last slash, and a POST stays a POST."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import RoutePattern, URLResolver

from experiments.models import Run

SAMPLES = {"int": "1", "uuid": str(UUID(int=1)), "slug": "x", "str": "x", "path": "x"}


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """An address for each pattern that ends in a slash."""
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue
        address = before + str(pattern.pattern)
        for name, converter in pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            kind = {"string": "str"}.get(kind, kind)
            address = address.replace(f"<{kind}:{name}>", SAMPLES[kind])
            address = address.replace(f"<{name}>", SAMPLES[kind])
        if isinstance(pattern, URLPattern):
            yield address
        else:
            yield from addresses(pattern, address)


POSTED = sorted({a for a in addresses(get_resolver()) if a.endswith("/") and a != "/"})


def test_there_are_pages_addresses_of_the_api_and_of_the_admin():
    assert {"/runs/new/", "/api/v1/runs/1/stop/", "/admin/experiments/run/x/change/"} <= {*POSTED}
    assert len(POSTED) > 100


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_what_writes_is_answered_without_the_slash_as_with_it(method, client: Client):
    admin = User.objects.create_superuser("admin")
    for address in POSTED:
        answers = []
        for written in (address.removesuffix("/"), address):
            client.force_login(admin)  # the address before may have been that of signing out
            answer = getattr(client, method)(written)
            answers.append((written, answer.status_code, answer.headers.get("Location")))
        assert answers[0][1:] == answers[1][1:], answers


@pytest.mark.django_db
def test_a_launch_without_the_slash_is_kept(client: Client):
    client.force_login(User.objects.create_user("someone"))
    body = json.dumps({"kind": "external", "architecture": "mine"})
    answer = client.post("/api/v1/runs", body, content_type="application/json")
    assert (answer.status_code, Run.objects.count()) == (201, 1)
    assert answer.json()["url"].endswith(f"/api/v1/runs/{Run.objects.get().pk}/")


@pytest.mark.django_db
def test_reading_is_answered_by_the_api_and_redirected_by_pages(client: Client):
    assert client.get("/api/v1/models?limit=1").status_code == 200
    assert client.get("/architectures?x=1").headers["Location"] == "/architectures/?x=1"
    assert client.post("/api/v1/nothing").headers["Content-Type"] == "application/problem+json"

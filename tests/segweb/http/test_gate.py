"""What hostile addresses and bodies are answered: never with a fault of the server's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from experiments.models import Run
from tests.experiments.factories import run_make

pytestmark = pytest.mark.django_db
NOBODYS = UUID(int=0)
VALUES = ["%00", "1" * 400, "1" * 5000, "-1", "1e999", "%ED%A0%80", "%2e%2e%2f", "x" * 3000]
PARAMETERS = ["page", "limit", "offset", "seed", "group", "run", "sort", "seen", "from", "after"]
PARAMETERS += ["share", "q", "tag", "state", "as", "model", "columns", "newest", "owner", "name"]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every route of the site, with the converters of its parts."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).lstrip("^").replace("\\Z", "").replace("$", "")
        if isinstance(entry, URLPattern):
            yield route, entry.pattern.converters
        else:
            yield from patterns(entry, route)


def addresses(value: str) -> list[str]:
    """Every address that takes something, with that value in its place."""
    found = []
    for route, converters in patterns(get_resolver()):
        if not converters or "(" in route:
            continue
        for name in converters:
            filled = route
            for part, converter in converters.items():
                own = type(converter).__name__.removesuffix("Converter").lower()
                other = {"int": "1", "uuid": str(NOBODYS)}.get(own, "a")
                put = value if part == name else other
                filled = filled.replace(f"<{own}:{part}>", put).replace(f"<{part}>", put)
            found.append(f"/{filled}")
    return found


@pytest.fixture
def admin() -> Client:
    """Whoever reaches every page; faults of a view are answers, as on the site."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("admin"))
    run_make()
    return client


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:12])
def test_no_address_is_a_fault(admin: Client, value: str) -> None:
    run = Run.objects.get().pk
    tried = addresses(value)
    assert len(tried) > 40
    pages = ["/runs/", "/api/v1/runs/", f"/api/v1/runs/{run}/epochs/", f"/runs/{run}/log/"]
    pages += ["/runs/changes/", "/runs/compare/", "/leaderboard/", "/history/", "/batches/"]
    pages += ["/runs/export/runs.csv", "/runs/new/", "/", "/admin/experiments/run/"]
    tried += [f"{page}?{name}={value}" for page in pages for name in PARAMETERS]
    tried += [
        f"/admin/experiments/run/?{name}={value}"
        for name in ("state__exact", "q", "o", "p", "dataset__id__exact", "all", "e")
    ]
    faults = {}
    for address in tried:
        answer = admin.get(address)
        if answer.streaming:
            b"".join(answer.streaming_content)
        if answer.status_code >= 500:
            faults[address[:120]] = answer.status_code
    assert not faults


@pytest.mark.parametrize("year", ["0", "1", "9999", "99999", "1" * 5000, "-1", "1_0", "x"])
@pytest.mark.parametrize(
    "page",
    [
        "segweb/act/?at__year=",
        "segweb/act/?at__iso_year=",
        "segweb/act/?at__year__gte=",
        "experiments/run/?created_at__year=",
        "auth/user/?date_joined__year=",
    ],
)
def test_no_year_is_a_fault(admin: Client, page: str, year: str) -> None:
    assert admin.get(f"/admin/{page}{year}").status_code == 400


def test_a_year_is_looked_for(admin: Client) -> None:
    for page in ("segweb/act/?at__year=2026", "experiments/run/?created_at__iso_year=2026"):
        assert admin.get(f"/admin/{page}").status_code == 200


@pytest.mark.parametrize("body", ["[" * 3000, '{"a":' * 3000, "1" * 5000, '"\\ud800"', "\ufeff{}"])
@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/comparisons/",
        "/api/v1/images/",
        "/api/v1/batches/",
        "/api/v1/runs/",
        "/api/v1/runs/1/epochs/",
        f"/api/v1/comparisons/{NOBODYS}/ensembles/",
        f"/api/v1/predictions/{NOBODYS}/insides/",
        "/",
        "/batches/new/",
        "/accounts/login/",
        "/i18n/setlang/",
    ],
)
def test_no_body_is_a_fault(address: str, body: str) -> None:
    client = Client(raise_request_exception=False)
    kinds = ["application/json", "application/x-www-form-urlencoded"]
    kinds += ["multipart/form-data; boundary=x", "application/json; charset=nonsense", "text/plain"]
    for kind in kinds:
        # Not `post`, which would write the body in the charset that it names.
        answer = client.generic("POST", address, body.encode("utf-8", "surrogatepass"), kind)
        assert answer.status_code < 500, kind


def test_a_matrix_in_a_form_is_read_by_the_gate(admin: Client) -> None:
    new = {"kind": "external", "architecture": "unet"}
    run = admin.post("/api/v1/runs/", new, content_type="application/json").json()
    answer = admin.post(run["url"] + "epochs/", {"epoch": 1, "confusion": "[" * 3000})
    assert answer.status_code == 400


def test_a_search_is_a_few_words(admin: Client) -> None:
    words = " ".join(f"w{number}" for number in range(40))
    page = admin.get("/runs/", {"q": words})
    assert "at most 12 words" in page.content.decode()
    assert not page.context["page"].object_list
    assert (
        "Only the first 12 words"
        in admin.get("/admin/experiments/run/", {"q": words}, follow=True).content.decode()
    )


def test_an_address_with_the_end_of_a_line_is_a_problem_too(client: Client) -> None:
    answer = client.get("/api/v1/runs/a%0Ab/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"

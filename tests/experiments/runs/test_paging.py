"""Page after page of a long list that grows meanwhile: no run is missed, none is there twice."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from experiments.models import Run
from experiments.queries import ordering
from segweb.http.answers.paging import CursorPagination

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/runs/"
SORTS = ["", "id", "created_at", "-created_at", "name", "-best_miou", "best_miou", "-ended_at"]
SORTS += ["state,-best_miou", "-epochs,name,best_miou"]


@pytest.fixture
def api() -> APIClient:
    client = APIClient()
    client.force_authenticate(User.objects.create_user("ann"))
    return client


def add(count: int, *, seed: int = 0) -> None:
    """Runs with many equal values, and many without one."""
    random, now = np.random.default_rng(seed), timezone.now()
    scores = [None, None, 0.1, 0.30000000000000004, 0.3, 2 / 3]
    names = ["", "b", "B", "a", "é", "가", "a b"]
    Run.objects.bulk_create(
        Run(
            architecture="unet",
            state=random.choice(["DONE", "FAILED", "STOPPED"]),
            name=random.choice(names),
            epochs=random.choice([None, 3, 5]),
            best_miou=random.choice(scores),
            created_at=now - timedelta(microseconds=int(random.integers(50))),
            ended_at=random.choice([None, now, now + timedelta(microseconds=1)]),
        )
        for _ in range(count)
    )


def pages(sort: str, limit: int) -> Any:
    """The ids page by page, as the view's pagination gives them."""
    runs = Run.objects.only("id", "state", "name", "epochs", "best_miou", "created_at", "ended_at")
    runs = runs.order_by(*ordering(*sort.split(","))) if sort else runs
    address = f"{RUNS}?cursor=&limit={limit}"
    while address:
        pagination = CursorPagination()
        request = Request(APIRequestFactory().get(address))
        yield [run.pk for run in pagination.paginate_queryset(runs, request)]
        address = pagination.get_next_link()


@pytest.mark.parametrize("sort", ["", "id", "name", "-best_miou", "state,-best_miou"])
def test_three_thousand_runs_while_others_are_added(sort: str) -> None:
    add(3000)
    there, seen = set(Run.objects.values_list("pk", flat=True)), []
    for number, page in enumerate(pages(sort, 100)):
        seen += page
        if number < 40:
            add(7, seed=number + 1)
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_the_whole_list_in_its_order(sort: str) -> None:
    add(300)
    runs = Run.objects.order_by(*ordering(*sort.split(","))) if sort else Run.objects.all()
    whole = list(runs.values_list("pk", flat=True))
    assert [pk for page in pages(sort, 7) for pk in page] == whole


def test_by_rest(api: APIClient) -> None:
    add(25)
    address, seen = f"{RUNS}?cursor=&limit=10&sort=-best_miou&state=DONE&state=FAILED", []
    wanted = Run.objects.filter(state__in=["DONE", "FAILED"])
    while address:
        page = api.get(address).json()
        assert page["count"] == wanted.count()
        assert page["previous"] is None
        seen += [run["id"] for run in page["results"]]
        address = page["next"]
    assert sorted(seen) == sorted(wanted.values_list("pk", flat=True))


def test_offsets_are_as_before(api: APIClient) -> None:
    add(5)
    page = api.get(f"{RUNS}?limit=2&offset=2").json()
    assert (page["count"], len(page["results"])) == (5, 2)
    assert "offset=4" in page["next"]
    assert "cursor" not in page["next"]
    assert page["previous"]


def cursor_of(told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "====",
        "AAAA",
        "A" * 4000,
        cursor_of(None),
        cursor_of([]),
        cursor_of([["-id"], []]),
        cursor_of([["-id"], ["x"]]),
        cursor_of([["-id"], [[1]]]),
        cursor_of([["-id"], [{}]]),
        cursor_of([["-id"], [10**400]]),
        cursor_of([["-id"], ["1" * 5000]]),
        cursor_of([["-id"], ["\0"]]),
        cursor_of([["-id"], [float("nan")]]),
        cursor_of([["id"], [1]]),
        cursor_of([["owner__password"], ["a"]]),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str, api: APIClient) -> None:
    answer = api.get(RUNS, {"cursor": cursor})
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("sort", ["created_at", "name", "best_miou", "seed"])
@pytest.mark.parametrize(
    "value", [5, -1.5, True, [], {}, "", "x", "9" * 30, "9999-12-31T23:59:59-23:00", 10**30]
)
def test_a_cursor_of_values_that_no_column_has(api: APIClient, sort: str, value: Any) -> None:
    add(2)
    answer = api.get(RUNS, {"sort": sort, "cursor": cursor_of([[sort, "-id"], [value, 1]])})
    assert answer.status_code in (200, 400), answer.content


def test_a_cursor_is_for_one_order(api: APIClient) -> None:
    add(5)
    address = api.get(f"{RUNS}?cursor=&limit=2&sort=name").json()["next"]
    assert api.get(address).status_code == 200
    assert api.get(address.replace("sort=name", "sort=-name")).status_code == 400
    assert api.get(address.replace("&sort=name", "")).status_code == 400

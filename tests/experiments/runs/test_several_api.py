"""Several runs at once by REST: whose, all or none, and the same when it is sent again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from experiments.models import Run
from tests.experiments.factories import run_make

pytestmark = pytest.mark.django_db
TAGS, DELETE = "/api/v1/runs/tags/", "/api/v1/runs/delete/"


@pytest.fixture
def ann(db: None) -> User:
    """Somebody who has runs."""
    return User.objects.create_user("ann")


@pytest.fixture
def runs(ann: User) -> list[Run]:
    """Two of Ann's that have ended, and one that goes on."""
    ended = [run_make(name=name, owner=ann, tags=["old"]) for name in ("one", "two")]
    return [*ended, run_make(name="going", owner=ann, epochs=1, planned=9)]


def client(user: User | None) -> APIClient:
    """Signed in, or nobody."""
    api = APIClient()
    if user:
        api.force_login(user)
    return api


def post(user: User | None, address: str, runs: list[Any], **body: Any) -> Any:
    """The answer to a request about these runs."""
    headers = {"Idempotency-Key": key} if (key := body.pop("key", "")) else {}
    numbers = [run.pk if isinstance(run, Run) else run for run in runs]
    return client(user).post(address, {"runs": numbers, **body}, format="json", headers=headers)


def tags() -> dict[str, list[str]]:
    return {run.name: run.tags for run in Run.objects.all()}


def test_tags_are_set_and_taken_and_again_they_are_the_same(ann: User, runs: list[Run]) -> None:
    for _ in range(2):
        answer = post(ann, TAGS, [*runs[:2], 999_999], add=["night"], remove=["old"])
        assert (answer.status_code, answer.json()) == (
            200,
            {"tagged": [runs[0].pk, runs[1].pk], "missing": [999_999]},
        )
        assert tags() == {"one": ["night"], "two": ["night"], "going": []}


def test_what_has_ended_is_deleted_and_again_it_is_missing(ann: User, runs: list[Run]) -> None:
    ended, going = sorted(run.pk for run in runs[:2]), runs[2].pk
    told = post(ann, DELETE, runs, key="a").json()
    assert told == {"deleted": ended, "going": [going], "missing": []}
    assert [run.pk for run in Run.objects.all()] == [going]
    assert post(ann, DELETE, runs, key="a").json() == told
    assert post(ann, DELETE, runs).json() == {"deleted": [], "going": [going], "missing": ended}


@pytest.mark.parametrize("address", [TAGS, DELETE])
def test_one_run_of_anothers_and_nothing_is_done(address: str, ann: User, runs: list[Run]) -> None:
    bob = User.objects.create_user("bob")
    theirs = run_make(name="theirs", owner=bob, tags=["old"])
    answer = post(ann, address, [*runs, theirs], add=["night"])
    assert answer.status_code == 403
    assert str(theirs.pk) in answer.json()["detail"]
    assert tags() == {"one": ["old"], "two": ["old"], "going": [], "theirs": ["old"]}
    Run.objects.filter(pk=theirs.pk).update(private=True)
    answer = post(ann, address, [theirs], add=["night"])
    assert answer.json()["missing"] == [theirs.pk]  # not told from what is not there
    assert tags()["theirs"] == ["old"]
    assert post(None, address, runs, add=["night"]).status_code in (401, 403)


@pytest.mark.parametrize(
    "body", [{}, {"add": []}, {"add": ["x" * 51]}, {"add": [str(n) for n in range(21)]}]
)
def test_tags_that_cannot_be_are_refused(ann: User, runs: list[Run], body: dict) -> None:
    assert post(ann, TAGS, runs, **body).status_code == 400
    assert tags() == {"one": ["old"], "two": ["old"], "going": []}


@pytest.mark.parametrize("numbers", [[], [0], ["x"], [10**30], list(range(1, 502))])
def test_numbers_that_cannot_be_are_refused(ann: User, numbers: list[Any]) -> None:
    assert post(ann, DELETE, numbers).status_code == 400


def test_too_many_tags_together_leave_all_as_they_were(ann: User, runs: list[Run]) -> None:
    answer = post(ann, TAGS, runs, add=[str(number) for number in range(20)])
    assert answer.status_code == 400
    assert tags() == {"one": ["old"], "two": ["old"], "going": []}

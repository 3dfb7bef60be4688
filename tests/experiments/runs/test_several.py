"""Several runs at once: who may tag and delete which, and what is told of the others."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from experiments.models import Run
from experiments.runs.keeping import runs_delete
from segweb.jobs import State
from tests.experiments.factories import run_make
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(reader: Client) -> list[Run]:
    """One's own: done, and going on; one of somebody else; another's private one."""
    me, other = User.objects.get(username="reader"), User.objects.create_user("other")
    return [
        run_make(name="mine", owner=me, tags=["old", "night"]),
        run_make(name="going", owner=me, epochs=1, planned=9, tags=["old"]),
        run_make(name="theirs", owner=other),
        run_make(name="secret", owner=other, private=True),
    ]


def chosen(runs: list[Run], **more: object) -> dict[str, object]:
    return {"run": [run.pk for run in runs], "back": "q=x&sort=-best", **more}


def test_only_ones_own_runs_that_ended_are_deleted(reader: Client, runs: list[Run]) -> None:
    asked = reader.get(url("runs-delete"), chosen(runs)).content.decode()
    assert "Delete 1 run?" in asked
    assert "Its epochs" in asked
    assert "Keep it<" in asked
    assert asked.index("mine") < asked.index("stop them first") < asked.index("going")
    assert asked.index("These are not yours") < asked.index("theirs")
    assert "secret" not in asked
    assert Run.objects.count() == 4  # asked, and nothing done
    answer = reader.post(url("runs-delete"), chosen(runs), follow=True)
    assert answer.redirect_chain[0][0] == f"{url('runs')}?q=x&sort=-best"
    told = [str(message) for message in answer.context["messages"]]
    assert told == ["1 run is deleted.", f"going #{runs[1].pk} goes on. Stop it first."]
    assert sorted(Run.objects.values_list("name", flat=True)) == ["going", "secret", "theirs"]
    Run.objects.filter(name="going").update(state=State.STOPPED)
    reader.post(url("runs-delete"), chosen(runs))
    assert not Run.objects.filter(name="going").exists()


def test_tags_are_set_and_taken_for_all_of_ones_own(reader: Client, runs: list[Run]) -> None:
    asked = reader.get(url("runs-tags"), chosen(runs))
    assert asked.context["known"] == ["night", "old"]
    assert "secret" not in asked.content.decode()
    change = chosen(runs, add=" 산책로, night", remove=["old"])
    assert reader.post(url("runs-tags"), change)["Location"] == f"{url('runs')}?q=x&sort=-best"
    tags = {run.name: run.tags for run in Run.objects.all()}
    assert tags == {
        "mine": ["night", "산책로"],
        "going": ["산책로", "night"],
        "theirs": [],
        "secret": [],
    }


def test_tags_that_cannot_be_are_told_and_nothing_is_lost(reader: Client, runs: list[Run]) -> None:
    for add in ("x" * 51, ",".join(map(str, range(20)))):
        answer = reader.post(url("runs-tags"), chosen(runs, add=add))
        assert answer.status_code == 422
        assert "At most 20 tags" in answer.content.decode()
        assert answer.context["add"] == add  # what was written is there to be mended
    assert Run.objects.get(name="going").tags == ["old"]  # all or none


def test_nothing_to_add_or_take_off_is_told(reader: Client, runs: list[Run]) -> None:
    answer = reader.post(url("runs-tags"), chosen(runs, add=" , "))
    assert answer.status_code == 422
    assert "Write a tag to add, or tick one to take off." in answer.content.decode()


def test_one_that_is_gone_does_not_go_on(runs: list[Run]) -> None:
    mine, going, *_others = runs
    Run.objects.filter(pk=mine.pk).delete()  # by another request, after this one read it
    assert runs_delete(runs=[mine, going]) == [going]


def test_an_endless_way_back_leads_to_the_plain_table(reader: Client, runs: list[Run]) -> None:
    for name in ("runs-tags", "runs-delete"):
        answer = reader.post(url(name), chosen(runs, add="x") | {"back": "q=" + "밤" * 5000})
        assert (answer.status_code, answer["Location"]) == (302, f"{url('runs')}?")


@pytest.mark.parametrize("name", ["runs-tags", "runs-delete"])
def test_nothing_chosen_and_nobody_signed_in(name: str, reader: Client, runs: list[Run]) -> None:
    for query in ({}, {"run": ["x", "9" * 30]}):
        assert "Tick runs in the table first." in reader.get(url(name), query).content.decode()
        assert reader.post(url(name), query).status_code == 200
    assert Client().post(url(name), chosen(runs)).status_code == 302
    assert Run.objects.count() == 4

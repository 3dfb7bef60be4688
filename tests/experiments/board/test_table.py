"""The run table: searched, sorted, kept up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from experiments.board.columns import COLUMNS
from experiments.models import Run
from segweb.jobs import State
from tests.experiments.factories import (
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def shown(client: Client, **query: Any) -> list[str]:
    """The names in the run table."""
    page = client.get(url("runs"), query)
    return [run.name for run in page.context["page"]]


def test_the_table_filters_and_sorts(reader: Client) -> None:
    run_make(name="first", tags=["산책로", 'a"b'], architecture="segnet")
    run_make(name="second", notes="with more light", seed=4)
    run_make(name="third", epochs=0, planned=3, state=State.QUEUED)
    assert shown(reader) == ["third", "second", "first"]
    assert shown(reader, q="LIGHT") == ["second"]
    assert shown(reader, q="산책로") == shown(reader, tag="산책로") == ["first"]
    assert shown(reader, tag='a"b') == ["first"]
    assert shown(reader, tag="산책") == []
    assert shown(reader, architecture="segnet") == ["first"]
    assert shown(reader, state="QUEUED") == ["third"]
    assert shown(reader, dataset="streets", q="third") == ["third"]
    best = sorted(Run.objects.exclude(best_miou=None), key=lambda run: run.best_miou)
    assert shown(reader, sort="best") == [*(run.name for run in best), "third"]
    assert shown(reader, sort="-best") == [*(run.name for run in best[::-1]), "third"]
    assert shown(reader, state="nonsense", sort="password", page="x") == shown(reader)


def test_columns_are_remembered(reader: Client) -> None:
    run_make(seed=4711)
    assert "4711" not in reader.get(url("runs")).content.decode()
    for query in ({"columns": ["seed", "state"]}, {}):
        page = reader.get(url("runs"), query)
        assert "4711" in page.content.decode()
        assert [column.name for column in page.context["columns"]] == ["state", "seed"]


def test_each_cell_stands_under_its_columns_title(reader: Client) -> None:
    run_make(
        name="first", tags=["night"], notes="light", created_at=datetime(2026, 1, 2, tzinfo=UTC)
    )

    def cells(*columns: str) -> list[str]:
        page = reader.get(url("runs"), {"columns": columns}).content.decode()
        row = page.partition('<tr id="run-')[2].partition("</tr>")[0]
        return row.split("<td")[2:]  # after the tick

    each = [cells(column.name) for column in COLUMNS]
    assert [len(alone) for alone in each] == [1] * len(COLUMNS)
    assert [cell.strip() for cell in cells(*(column.name for column in COLUMNS))] == [
        alone[0].strip() for alone in each
    ]


def test_only_changed_rows_are_sent(reader: Client) -> None:
    going = [run_make(epochs=1, planned=9) for _ in range(2)]
    watched = reader.get(url("runs")).context["watched"]
    assert reader.get(url("changes"), {"seen": watched}).status_code == 204
    Run.objects.filter(pk=going[0].pk).update(step=7)
    answer = reader.get(url("changes"), {"seen": watched})
    assert [run.pk for run in answer.context["changed"]] == [going[0].pk]
    Run.objects.update(state=State.DONE)
    answer = reader.get(url("changes"), {"seen": answer.context["watched"]})
    assert answer.context["watched"] == ""
    for nonsense in ("", ",,", "x:1", "9" * 30, f"{going[0].pk}"):
        assert reader.get(url("changes"), {"seen": nonsense}).status_code in (200, 204)


def test_new_runs_are_told_once(reader: Client) -> None:
    newest = run_make(epochs=1).pk
    query = {"seen": "", "newest": newest}
    assert reader.get(url("changes"), query).status_code == 204
    run_make(epochs=1)
    told = reader.get(url("changes"), query)
    assert b"There are new runs" in told.content
    assert reader.get(url("changes"), query | {"told": ""}).status_code == 204


def test_a_page_of_runs_takes_few_queries(
    reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        run_make(epochs=1)
    with django_assert_max_num_queries(10):
        reader.get(url("runs"))

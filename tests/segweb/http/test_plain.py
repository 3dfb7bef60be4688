"""One gate for JSON, in bodies and in columns; rows of before it break no list."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client

from experiments.models import Run
from experiments.records.datasets import dataset_ensure
from experiments.runs.keeping import run_annotate
from experiments.runs.services import external_run_create
from segweb.http import plain
from segweb.http.plain import DEEPEST, PlainJSONField, json_read
from tests.experiments.factories import run_make


def nested(levels: int) -> Any:
    """Lists in lists."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.fixture
def reader(client: Client) -> Client:
    """Someone signed in."""
    client.force_login(User.objects.create_user("reader"))
    return client


HOSTILE = [math.inf, -math.inf, math.nan, 10**400, "\ud800", "a\0b", {"\udfff": 1}, nested(500)]


@pytest.mark.parametrize("text", ["1e999", "[" * 3000, "1" * 5000, '"\\ud800"', '"\\u0000"', "NaN"])
def test_what_is_not_plain_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        json_read(text)


def test_what_is_plain_is_read_as_it_is() -> None:
    value = {"길": ["🛣", 1.5, -(2**60), None, True, {"a": "é\n"}]}
    assert json_read(json.dumps(value)) == value
    assert json_read(json.dumps(nested(DEEPEST))) == nested(DEEPEST)


@pytest.mark.django_db
@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_no_column_takes_what_is_not_plain(value: Any) -> None:
    run = run_make()
    with pytest.raises(ValidationError):
        external_run_create(owner=run.owner, architecture="unet", config={"a": value})
    with pytest.raises(ValidationError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(environment={"a": [value]})
    with pytest.raises(ValidationError):
        dataset_ensure(
            passport={"slug": "s", "title": "S"}, classes=[{"name": value}], ignore_index=None
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud800", "b": 1}',
        '{"a": Infinity, "b": 1}',
        '{"a": 1e999, "b": 1}',
        json.dumps({"a": nested(500), "b": 1}),
        json.dumps({"b": 1, "]}": "]" * 600 + '\\"' + "}" * 600, "a": nested(500)}),
        '{"a": ' + "1" * 400 + ', "b": 1}',
        '{"\\udfff": 1, "b": 1}',
    ],
)
def test_a_row_of_before_breaks_no_list(text: str, reader: Client) -> None:
    run = run_make()
    if connection.vendor == "postgresql" and "500" not in text and "1" * 400 not in text:
        pytest.skip("PostgreSQL never kept such a row")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = 1")
        cursor.execute("UPDATE experiments_run SET config = %s WHERE id = %s", [text, run.pk])
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = 0")
    (listed,) = reader.get("/api/v1/runs/").json()["results"]
    assert listed["config"]["b"] == 1
    assert reader.get(f"/api/v1/runs/{run.pk}/").status_code == 200
    assert reader.get(f"/runs/{run.pk}/").status_code == 200
    assert reader.get("/runs/").status_code == 200


def test_long_columns_do_not_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    monkeypatch.setattr(plain, "_suspect_kept", lambda text: looked_at.append(len(text)))
    for length in (100, 100_000):
        assert PlainJSONField().from_db_value(f'"{"x" * length}"', None, connection)
    assert looked_at == [102]


@pytest.mark.django_db
def test_notes_are_text(reader: Client) -> None:
    run = run_make()
    for notes in ("a\0b", "x" * 20_001):
        with pytest.raises(ValidationError):
            run_annotate(run=run, notes=notes)

"""The run table: searched, sorted, kept up to date."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from django.http import QueryDict
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from experiments.board.columns import COLUMNS
from experiments.models import Epoch, Run
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


def test_columns_lie_in_the_address_and_are_remembered(reader: Client) -> None:
    run_make(seed=4711, config={"batch": 8, "options": {"aux": True}, "crop": [64, 96]})
    assert "64, 96" not in reader.get(url("runs")).content.decode()
    names = ["config.options.aux", "config.crop", "metric.pixel_accuracy", "seed", "metric.none"]
    page = reader.get(url("runs"), {"columns": names})
    told = page.content.decode()
    (epoch,) = Epoch.objects.filter(run__best_epoch=F("number"))
    for text in ("4711", ">true<", "64, 96", f"{100 * epoch.pixel_accuracy:.1f} %"):
        assert text in told
    shown = [column.name for column in page.context["columns"]]
    assert shown == ["seed", *names[:3], "metric.none"]
    # Who chose some finds them again; the address says so, to be passed on.
    answer = reader.get(url("runs"), {"q": "x"})
    assert QueryDict(urlsplit(answer["Location"]).query).getlist("columns") == names
    usual = reader.get(url("runs"), {"columns": ["nonsense", "config.", "metric.per_class_iou"]})
    assert [c.name for c in usual.context["columns"]] == [c.name for c in COLUMNS if c.initially]


def test_any_setting_and_any_metric_filters_and_sorts(reader: Client) -> None:
    run_make(name="slow", config={"lr": 1e-3, "optimizer": "sgd", "crop": [64, 96]}, seed=1)
    run_make(name="fast", config={"lr": 1e-1, "options": {"aux": True}, "flip": False}, seed=2)
    run_make(name="else", config={"lr": "cosine", "contains": 3, "a__b": 1}, seed=3, epochs=5)
    Epoch.objects.filter(run__name="else").update(further={"dice": 0.5, "odd.name": "x"})
    best = {run.name: 100 * run.best_miou for run in Run.objects.all()}
    told = {
        "config.lr>=0.01": ["fast"],
        "config.lr<=1": ["fast", "slow"],
        "config.lr=0.001": ["slow"],
        "config.lr != 0.001": ["else", "fast"],
        "config.lr=cosine": ["else"],
        "config.optimizer=sgd": ["slow"],
        "config.crop=64,96": ["slow"],
        "config.options.aux=true": ["fast"],
        "config.flip=false": ["fast"],
        "config.contains=3": ["else"],  # also the name of a look-up
        "config.a__b>=1": ["else"],
        "metric.dice>=0.4": ["else"],
        "metric.loss<=10": ["else", "fast", "slow"],
        "metric.loss=": None,
        "seed>=2": ["else", "fast"],
        "seed=1.5": [],
        "seed<=1e300": ["else", "fast", "slow"],
        "variant=slim": ["else", "fast", "slow"],
        # As shown, in percent and rounded.
        f"best_miou={best['fast']:.1f}": ["fast"],
        f"metric.miou>={max(best.values()) - 1e-9}": [max(best, key=best.get)],
        "seed=one": None,
        "config.lr>=fast": None,
        "password=x": None,
        "owner__password=x": None,
        "nonsense": None,
        "config.lr=" + "1" * 101: None,
        "config.lr>=nan": None,
        "seed=0e999999999": None,
        "best_miou=1e-999999999": None,
        "best_miou=0e999999": None,
        "best_miou=0e300": [],
        "seed>=1e-400": None,
        "config.optimizer=1e999": [],  # a text may look like it
    }
    for where, names in told.items():
        page = reader.get(url("runs"), {"where": where})
        assert [run.name for run in page.context["page"]] == (names or []), where
        assert bool(page.context["refused"]) == (names is None), where
    assert shown(reader, where=["seed>=2", "config.lr>=0.01"]) == ["fast"]
    assert shown(reader, sort="-metric.dice")[0] == "else"
    assert shown(reader, sort="metric.miou") == sorted(best, key=best.get)
    assert shown(reader, sort="-config.lr", where="config.lr<=1") == ["fast", "slow"]
    assert shown(reader, sort="config.a__b")[0] == "else"


def test_a_condition_too_many_is_told_and_finds_nothing(reader: Client) -> None:
    run_make(seed=1)
    fine = [f"seed>={-n}" for n in range(20)]
    assert len(shown(reader, where=fine)) == 1
    page = reader.get(url("runs"), {"where": [*fine, "seed=2"]})
    assert (page.context["refused"], len(page.context["page"])) == (
        ["Give at most 20 conditions."],
        0,
    )


def test_a_written_condition_joins_the_others_in_the_address(reader: Client) -> None:
    query = {"where": "seed>=1", "field": "config.lr", "sign": ">=", "value": " 0.1", "q": ""}
    address = urlsplit(reader.get(url("runs"), query | {"page": 3})["Location"])
    asked = QueryDict(address.query)
    assert dict(asked.lists()) == {"where": ["seed>=1", "config.lr>= 0.1"]}
    page = reader.get(f"{address.path}?{address.query}")
    first, _second = page.context["conditions"]
    assert first[0].shown == "Seed ≥ 1"
    assert QueryDict(first[1]).getlist("where") == ["config.lr>= 0.1"]
    # Without a value there is nothing to join.
    query["value"] = " "
    assert urlsplit(reader.get(url("runs"), query)["Location"]).query == "where=seed%3E%3D1"


def test_each_cell_stands_under_its_columns_title(reader: Client) -> None:
    run_make(
        name="first", tags=["night"], notes="light", created_at=datetime(2026, 1, 2, tzinfo=UTC)
    )

    def cells(*columns: str) -> list[str]:
        page = reader.get(url("runs"), {"columns": columns}).content.decode()
        row = page.partition('<tr id="run-')[2].partition("</tr>")[0]
        return row.split("<td")[2:-1]  # between the tick and the way to its rivals

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


def test_a_changed_row_has_the_columns_of_its_page(reader: Client) -> None:
    going = run_make(epochs=1, planned=9, config={"lr": 0.125}, seed=1)
    page = reader.get(url("runs"), {"columns": ["config.lr", "metric.loss"]})
    watch = page.content.decode().partition('id="watch" hx-get="')[2].partition('"')[0]
    Run.objects.filter(pk=going.pk).update(step=7)
    row = reader.get(html.unescape(watch)).content.decode()
    assert "0.125" in row
    assert row.count("<td") == page.content.decode().count("<td")


def test_what_runs_have_of_their_own_is_offered_too(reader: Client) -> None:
    run_make(config={"lr": 0.1, "options": {"aux": True}})
    own = run_make(kind="external", config={"momentum 2": 1, "options": "none"})
    hidden = run_make(kind="external", private=True, config={"secret": 1})
    Epoch.objects.filter(run=own).update(further={"dice": 0.5})
    Epoch.objects.filter(run=hidden).update(further={"hidden": 0.5})
    page = reader.get(url("runs"))
    settings = [field.key for field in page.context["settings"]]
    assert {"lr", "crop", "options.aux", "momentum 2"} <= set(settings)
    metrics = [field.key for field in page.context["metrics"]]
    assert {"loss", "fw_iou", "dice"} <= set(metrics)
    assert not {"secret", "options", "hidden", "per_class_iou"} & {*settings, *metrics}


def test_a_page_offers_a_hundred_settings_and_metrics_at_most(reader: Client) -> None:
    many = {f"key {n:04}": n for n in range(500)}
    for _ in range(2):
        run_make(kind="external", epochs=0, config={"often": 1})
    own = run_make(kind="external", config=many)
    Epoch.objects.filter(run=own).update(further=many)
    page = reader.get(url("runs"))
    settings, metrics = page.context["settings"], page.context["metrics"]
    assert (len(settings), len(metrics)) == (100, 100)
    keys = [field.key for field in settings]
    assert keys.index("often") < keys.index("key 0000")  # most have it
    assert metrics[-1].key < "key 0100"
    assert shown(reader, where="config.key 0499=499") == [own.name]
    # The box of a column that is shown stays, whatever is offered beside it.
    page = reader.get(url("runs"), {"columns": ["config.key 0499", "metric.key 0499"]})
    assert page.content.decode().count('key 0499" checked') == 2


def test_a_setting_without_a_value_is_last_both_ways(reader: Client) -> None:
    for name, config in (("null", {"lr": None}), ("two", {"lr": 2}), ("one", {"lr": 1})):
        run = run_make(name=name, config=config)
        Epoch.objects.filter(run=run).update(further={"dice": config["lr"]})
    run_make(name="none", config={})
    for field in ("config.lr", "metric.dice"):
        assert shown(reader, sort=field) == ["one", "two", "none", "null"]
        assert shown(reader, sort=f"-{field}") == ["two", "one", "none", "null"]


def test_new_runs_are_told_once(reader: Client) -> None:
    newest = run_make(epochs=1).pk
    query = {"seen": "", "newest": newest}
    assert reader.get(url("changes"), query).status_code == 204
    run_make(epochs=1)
    told = reader.get(url("changes"), query | {"q": "fcn", "sort": "-best", "page": 2})
    assert b"There are new runs" in told.content
    assert f'href="{url("runs")}?q=fcn&amp;sort=-best"' in told.content.decode()
    assert reader.get(url("changes"), query | {"told": ""}).status_code == 204


def test_a_page_of_runs_takes_few_queries(
    reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        run_make(epochs=1)
    with django_assert_max_num_queries(14):
        reader.get(url("runs"))

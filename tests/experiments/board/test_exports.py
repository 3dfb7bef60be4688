"""What was asked for, to take away."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client

from tests.experiments.factories import (
    checkpoint_make,
    evaluation_make,
    run_make,
)
from tests.experiments.visiting import body, url

pytestmark = pytest.mark.django_db


def test_exports_hold_what_was_asked_for(reader: Client) -> None:
    one, two = run_make(name="=1+1", epochs=2), run_make(name="two", epochs=3)
    runs = json.loads(body(reader.get(url("export", "runs", "json"))))
    assert [run["id"] for run in runs] == [two.pk, one.pk]
    epochs = json.loads(body(reader.get(url("export", "epochs", "json", run=two.pk))))
    assert [(e["run_id"], e["number"]) for e in epochs] == [(two.pk, n) for n in (1, 2, 3)]
    assert epochs[0]["miou"] == two.epoch_rows.get(number=1).miou
    found = json.loads(body(reader.get(url("export", "confusions", "json", q="two"))))
    assert found[2]["confusion"] == two.epoch_rows.get(number=3).confusion.matrix.tolist()
    rows = list(csv.DictReader(io.StringIO(body(reader.get(url("export", "runs", "csv"))))))
    assert [row["name"] for row in rows] == ["two", "'=1+1"]
    assert body(reader.get(url("export", "runs", "json", q="nothing"))) == "[]\n"
    assert reader.get(url("export", "users", "json")).status_code == 404


@pytest.mark.slow
def test_the_report_needs_nothing_else(reader: Client) -> None:
    run = run_make(name="report me")
    evaluation_make(checkpoint=checkpoint_make(run=run))
    content = reader.get(url("report", run=run.pk)).content.decode()
    assert "report me" in content
    assert "<script src" not in content
    assert 'href="http' not in content
    assert content.count("data-root-id") >= 2
    assert '"mIoU (%)"' in content  # its axis is in percent, as are all figures

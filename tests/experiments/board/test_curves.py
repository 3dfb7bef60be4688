"""What the charts of a run draw."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.experiments.factories import (
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def test_curves_send_what_is_new(reader: Client) -> None:
    run = run_make(epochs=5, planned=9)
    everything = reader.get(url("curves", run.pk)).json()
    assert [row["epoch"] for row in everything["rows"]] == [1, 2, 3, 4, 5]
    assert everything["best"] == run.best_epoch
    assert everything["classes"] == ["sky", "road", "car"]
    assert everything["over"] is False
    row = run.epoch_rows.get(number=3)
    assert everything["rows"][2]["miou"] == pytest.approx(row.miou, rel=1e-4)
    assert everything["rows"][2]["per_class_iou"] == pytest.approx(row.per_class_iou, rel=1e-4)
    later = reader.get(url("curves", run.pk), {"after": 3}).json()
    assert [row["epoch"] for row in later["rows"]] == [4, 5]
    assert reader.get(url("curves", run.pk), {"after": "x"}).json()["rows"] == everything["rows"]


def test_long_runs_are_thinned_but_for_the_best_and_last_epoch(reader: Client) -> None:
    run = run_make(epochs=1201, confusions=False)
    rows = reader.get(url("curves", run.pk)).json()["rows"]
    numbers = [row["epoch"] for row in rows]
    assert len(numbers) <= 502
    assert {1, run.best_epoch, 1201} <= set(numbers)


def test_overfitting_is_told(reader: Client) -> None:
    run = run_make(epochs=8)
    for epoch in run.epoch_rows.all():
        epoch.miou = 0.5 - 0.02 * max(0, epoch.number - 3)
        epoch.train_miou = 0.4 + 0.05 * epoch.number
        epoch.save()
    note = reader.get(url("curves", run.pk)).json()["note"]
    assert note.startswith("Overfitting since epoch 1: val mIoU fell by 8.0")

"""CONTRIBUTING's recipe for a metric: a line of the table, beside the place that computes it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from experiments.records.epochs import epoch_record
from models_zoo.metrics.table import FRACTION, HIGHER, METRICS, Metric
from tests.experiments.factories import run_make
from tests.experiments.visiting import body, url


@pytest.mark.django_db
def test_a_metric_is_one_line_of_the_table(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = Metric("dice", "Dice coefficient", FRACTION, HIGHER, "pixels", "Dice")
    monkeypatch.setitem(METRICS, "dice", dice)
    run = run_make(epochs=0, planned=2)
    epoch_record(run=run, number=1, miou=0.5, dice=0.8)
    client.force_login(User.objects.create_user("reader"))
    (row,) = client.get(url("curves", run.pk)).json()["rows"]
    assert (row["dice"], row["further"]) == (0.8, {})
    figures = client.get(url("epoch", run.pk, 1)).json()["figures"]
    assert ["Dice coefficient", "80.0 %"] in figures
    assert "mean_accuracy fw_iou dice" in client.get(url("run", run.pk)).content.decode()
    (exported,) = json.loads(body(client.get(url("export", "epochs", "json"))))
    assert exported["dice"] == 0.8

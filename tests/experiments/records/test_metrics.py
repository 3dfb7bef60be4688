"""Every metric that an epoch brings is kept and shown, whether the table knows it or not."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from experiments.models import Attempt, Epoch, Run
from experiments.records.epochs import epoch_record, metrics_told
from experiments.worker.replay import Replay
from models_zoo.metrics.table import METRICS
from segweb.jobs import State, job_claim
from tests.experiments.factories import run_make
from tests.experiments.visiting import body, url

pytestmark = pytest.mark.django_db
COUNTS = [[3, 1], [0, 4]]
# What the counts score: 0.5·(3/4) + 0.5·(4/5) by frequency.
FW_IOU = 0.5 * 0.75 + 0.5 * 0.8


@pytest.fixture
def external() -> Run:
    owner = User.objects.create_user("owner")
    return run_make(epochs=0, planned=9, kind="external", owner=owner, state=State.RUNNING)


def client_of(run: Run) -> APIClient:
    client = APIClient()
    client.force_authenticate(run.owner)
    return client


def post(run: Run, told: dict[str, Any]) -> Any:
    return client_of(run).post(f"/api/v1/runs/{run.pk}/epochs/", told, format="json")


def test_scores_of_the_table_without_a_column_are_kept(external: Run) -> None:
    epoch = epoch_record(run=external, number=1, confusion=COUNTS)
    assert "fw_iou" not in Epoch.METRICS
    assert epoch.further["fw_iou"] == pytest.approx(FW_IOU)
    assert epoch.further["classes_counted"] == 2


def test_an_events_metrics_are_kept_whatever_they_are_called(tmp_path: Path) -> None:
    run = run_make(epochs=0, planned=5, state=State.QUEUED)
    lease = job_claim(model=Run, pk=run.pk, owner="host:1:cpu")
    attempt = Attempt.objects.create(run=run, number=2, owner="host:1:cpu")
    event = {"event": "epoch", "epoch": 1, "time": 1.8e9, "loss": 1.0, "miou": 0.5, "fw_iou": 0.7}
    event |= {"boundary_iou": 0.25, "by_size": [0.1, None, float("nan")], "confusion": COUNTS}
    (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n")
    Replay(run, tmp_path, lease).catch_up(attempt)
    (epoch,) = run.epoch_rows.all()
    assert (epoch.loss, epoch.miou) == (1.0, 0.5)
    assert epoch.further == {"fw_iou": 0.7, "boundary_iou": 0.25, "by_size": [0.1, None, None]}
    assert epoch.recorded_at == datetime.fromtimestamp(1.8e9, UTC)


def test_a_report_may_bring_any_metric(external: Run) -> None:
    answer = post(external, {"epoch": 1, "miou": 0.5, "fw_iou": 0.7, "boundary iou": 0.25})
    assert answer.status_code == 201
    assert (answer.json()["fw_iou"], answer.json()["boundary iou"]) == (0.7, 0.25)
    assert post(external, {"epoch": 1, "sharpness": 0.8}).status_code == 200
    (row,) = client_of(external).get(f"/api/v1/runs/{external.pk}/epochs/").json()
    told = (row["miou"], row["fw_iou"], row["boundary iou"], row["sharpness"])
    assert told == (0.5, 0.7, 0.25, 0.8)  # what a second report leaves out stays


@pytest.mark.parametrize(
    "told", [{"run": 3}, {"id": 3}, {"attempt": 3}, {"note": "x"}, {"on": True}]
)
def test_what_is_no_metric_changes_nothing(external: Run, told: dict[str, Any]) -> None:
    assert post(external, {"epoch": 1, **told}).status_code in (200, 201)
    assert external.epoch_rows.get().further == {}


def test_a_name_that_no_database_keeps_is_refused(external: Run) -> None:
    assert post(external, {"epoch": 1, "a\0b": 1}).status_code == 400
    assert not external.epoch_rows.exists()


def test_only_finite_numbers_are_kept() -> None:
    told = {"a": float("inf"), "b": 10**400, "c": -2, "d": [1, [2]], "e": {"f": 1}}
    assert metrics_told(told) == {"a": None, "b": None, "c": -2}


def test_a_run_shows_them(external: Run, reader: Client) -> None:
    post(external, {"epoch": 1, "miou": 0.5, "fw_iou": 0.7, "sharpness": 0.123456789})
    (row,) = reader.get(url("curves", external.pk)).json()["rows"]
    assert (row["fw_iou"], row["further"]) == (0.7, {"sharpness": 0.12346})
    figures = dict(reader.get(url("epoch", external.pk, 1)).json()["figures"])
    assert figures == {"mIoU": "50.0 %", "Frequency-weighted IoU": "70.0 %", "sharpness": "0.12346"}
    page = reader.get(url("run", external.pk)).content.decode()
    for metric in METRICS.values():
        assert not metric.line or metric.name in page


def test_exports_hold_them(external: Run, reader: Client) -> None:
    post(external, {"epoch": 1, "miou": 0.5, "fw_iou": 0.7, "sharpness": 0.8})
    post(external, {"epoch": 2, "miou": 0.6})
    first, second = csv.DictReader(io.StringIO(body(reader.get(url("export", "epochs", "csv")))))
    assert (first["fw_iou"], first["sharpness"], second["sharpness"]) == ("0.7", "0.8", "")
    assert set(METRICS) <= set(first)
    first, second = json.loads(body(reader.get(url("export", "epochs", "json"))))
    assert (first["fw_iou"], first["sharpness"], second["sharpness"]) == (0.7, 0.8, None)


@pytest.mark.parametrize("name", ["fw_iou", "classes_counted"])
@pytest.mark.parametrize("value", ["text", True, {"a": 1}, [0.5], [[0.5]], None])
def test_a_metric_of_the_table_without_a_column_is_a_number(
    external: Run, name: str, value: Any, client: Client
) -> None:
    assert post(external, {"epoch": 1, "miou": 0.5, name: value}).status_code == 201
    assert name not in Epoch.objects.get().further
    client.force_login(external.owner)
    for path in (url("epoch", external.pk, 1), url("curves", external.pk), url("run", external.pk)):
        assert client.get(path).status_code == 200


def test_a_fraction_of_the_table_without_a_column_is_one(external: Run) -> None:
    assert post(external, {"epoch": 1, "fw_iou": 1.5}).status_code == 400


def test_an_epoch_reported_again_and_again_keeps_a_hundred_metrics(external: Run) -> None:
    for part in range(3):
        told = {f"{part}-{number}": 1.0 for number in range(60)}
        assert post(external, {"epoch": 1, **told}).status_code in (200, 201)
        assert told.items() <= Epoch.objects.get().further.items()
    assert len(Epoch.objects.get().further) == 100

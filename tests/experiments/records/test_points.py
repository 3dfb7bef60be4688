"""Points that scripts log by step, and which of them fill our curves."""

from __future__ import annotations

import random

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from experiments.models import Epoch, Point, Run, Series
from experiments.records import points
from experiments.records.epochs import epoch_report
from experiments.records.points import Told, points_record
from experiments.runs.mlflow.services import run_settings_record
from models_zoo.metrics.table import ALIASES, METRICS, alias_class, alias_words
from models_zoo.training.config import LIMITS
from segweb.jobs import State
from tests.experiments.factories import dataset_make, run_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    owner = User.objects.create_user("ann")
    made = run_make(epochs=0, planned=9, kind="external", owner=owner, state=State.RUNNING)
    Run.objects.filter(pk=made.pk).update(dataset=None)
    return Run.objects.get(pk=made.pk)


def log(run: Run, step: int, /, **metrics: float | None) -> None:
    at = 1_000_000 + step
    points_record(run=run, points=[Told(n, v, step, at) for n, v in metrics.items()])


def epochs(run: Run, *names: str) -> list[tuple]:
    return list(Epoch.objects.filter(run=run).values_list("number", "step", *names))


def test_a_validation_is_an_epoch_wherever_steps_begin(run: Run) -> None:
    for step in (99, 199, 299):
        log(run, step, **{"val/mIoU": step / 1000, "val_loss": 1.0})
    assert epochs(run, "miou") == [(1, 99, 0.099), (2, 199, 0.199), (3, 299, 0.299)]
    run.refresh_from_db()
    assert (run.epoch, run.best_epoch, run.best_miou, run.last_miou) == (3, 3, 0.299, 0.299)


def test_what_is_of_training_joins_the_validation_that_follows(run: Run) -> None:
    for step in range(10):
        log(run, step, loss=10.0 - step, lr=0.1)
    assert epochs(run) == []
    log(run, 9, val_miou=0.5)
    log(run, 12, loss=0.5)
    assert epochs(run, "loss", "miou") == [(1, 9, 1.0, 0.5)]
    log(run, 19, val_miou=0.6)
    log(run, 19, **{"train_loss_epoch": 0.25})  # after it, at the same step; the better name
    assert epochs(run, "loss", "miou", "lr") == [(1, 9, None, 0.5, 0.1), (2, 19, 0.25, 0.6, None)]


def test_the_order_in_which_values_come_does_not_matter(run: Run) -> None:
    told = [(s, n, s / 100) for s in range(1, 20, 3) for n in ("val_miou", "val_loss", "loss")]
    for step, name, value in told:
        log(run, step, **{name: value})
    before = epochs(run, "miou", "val_loss", "loss")
    other = run_make(epochs=0, planned=9, kind="external", owner=run.owner, state=State.RUNNING)
    random.Random(1).shuffle(told)
    for step, name, value in told:
        log(other, step, **{name: value})
    assert epochs(other, "miou", "val_loss", "loss") == before
    assert len(before) == 7


def test_percentages_are_no_fractions(run: Run) -> None:
    log(run, 1, **{"val/mIoU": 0.9, "val_loss": 1.0})
    assert epochs(run, "miou") == [(1, 1, 0.9)]
    log(run, 2, **{"val/mIoU": 43.0, "val_loss": 0.9})
    # Of the first epoch neither: 0.9 was a percentage, as is known now.
    assert epochs(run, "miou", "val_loss") == [(1, 1, None, 1.0), (2, 2, None, 0.9)]
    run.refresh_from_db()
    assert run.best_miou is None
    assert Series.objects.get(run=run, name="val/mIoU").high == 43.0


def test_only_of_a_run_without_any_epoch_left_nothing_is_told(run: Run) -> None:
    log(run, 1, mIoU=0.9)
    log(run, 2, mIoU=43.0)
    run.refresh_from_db()
    assert (epochs(run), run.epoch, run.history) == ([], 0, [])


def test_of_two_names_the_plainer_counts_for_the_whole_run(run: Run) -> None:
    log(run, 1, mIoU=0.9)
    log(run, 2, mIoU=0.95, **{"val/mIoU": 0.5})
    assert epochs(run, "miou") == [(1, 2, 0.5)]


def test_classes_are_those_of_the_data_set(run: Run) -> None:
    log(run, 1, **{"iou/road": 0.7, "val/IoU/SKY": 0.9, "iou/unknown": 0.1, "val_miou": 0.8})
    assert epochs(run, "per_class_iou") == [(1, 1, [])]
    dataset_make("streets")  # sky, road, car
    run_settings_record(run=run, told={"dataset": "streets"})
    assert epochs(run, "per_class_iou") == [(1, 1, [0.9, 0.7, None])]


def test_what_is_no_number_is_no_figure(run: Run) -> None:
    log(run, 1, val_miou=None, val_loss=1.7e308, loss=0.5)
    assert epochs(run, "miou", "val_loss", "loss") == [(1, 1, None, None, 0.5)]
    assert Point.objects.filter(series__run=run, value=None).count() == 1


def test_epochs_that_were_reported_are_left_alone(run: Run) -> None:
    epoch_report(run=run, number=1, miou=0.5)
    log(run, 1, val_miou=0.25)
    assert epochs(run, "miou") == [(1, None, 0.5)]


def test_the_latest_is_by_step_then_by_time(run: Run) -> None:
    points = [Told("m", 1.0, 5, 10), Told("m", 2.0, 5, 20), Told("m", 3.0, 4, 30)]
    points_record(run=run, points=points)
    points_record(run=run, points=[Told("m", 4.0, 5, 15)])
    one = Series.objects.get(run=run)
    assert (one.step, one.at, one.value, one.low, one.high) == (5, 20, 2.0, 1.0, 4.0)


def test_what_a_client_repeats_does_not_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MOST_POINTS", 5)
    told = [Told("m", 1.0, 1, 10), Told("m", None, 2, 20), Told("n", 2.0, 1, 10)]
    points_record(run=run, points=told)
    for _attempt in range(3):
        points_record(run=run, points=told)
    points_record(run=run, points=[told[0], Told("m", 3.0, 3, 30), Told("m", 3.0, 3, 30)])
    points_record(run=run, points=[*told, Told("n", 3.0, 2, 20)])
    counts = dict(Series.objects.filter(run=run).values_list("name", "points"))
    assert counts == {"m": 3, "n": 2}
    with pytest.raises(ValidationError, match="at most 1000 metrics and 5 values"):
        points_record(run=run, points=[told[0], Told("o", 1.0, 1, 1)])
    assert Point.objects.filter(series__run=run).count() == 5
    assert dict(Series.objects.filter(run=run).values_list("name", "points")) == counts


def test_beyond_the_last_epoch_that_is_kept_nothing_is_read(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "epochs", 3)
    for step in range(10, 70, 10):
        log(run, step, val_miou=step / 100, loss=1.0)
    assert epochs(run, "miou") == [(1, 10, 0.1), (2, 20, 0.2), (3, 30, 0.3)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        log(run, 70, val_miou=0.7)
    assert not [one["sql"] for one in asked if 'FROM "experiments_point"' in one["sql"]]
    made: list[int] = []
    count = lambda instance, **_signal: made.append(instance.number)  # noqa: E731
    post_init.connect(count, sender=Epoch)
    try:
        log(run, 5, val_miou=0.05)  # late, so that all epochs move
    finally:
        post_init.disconnect(count, sender=Epoch)
    assert made == [1, 2, 3]
    assert epochs(run, "miou", "loss") == [(1, 5, 0.05, None), (2, 10, 0.1, 1.0), (3, 20, 0.2, 1.0)]


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("val/mIoU", "miou"),
        ("val_miou", "miou"),
        ("mIoU", "miou"),
        ("Val mean IoU", "miou"),
        ("val_miou_epoch", "miou"),
        ("train/mIoU", "train_miou"),
        ("loss", "loss"),
        ("train_loss", "loss"),
        ("train_loss_epoch", "loss"),
        ("valid-loss", "val_loss"),
        ("learning_rate", "lr"),
        ("aAcc", "pixel_accuracy"),
        ("mAcc", "mean_accuracy"),
        # Of another split, of one class or of none of ours: drawn under their own names.
        ("test/mIoU", None),
        ("iou", None),
        ("val_iou", None),
        ("loss_step", None),
        ("epoch", None),
        ("", None),
        ("///", None),
    ],
)
def test_names_that_mean_one_of_ours(name: str, metric: str | None) -> None:
    assert ALIASES.get(alias_words(name)) == metric


def test_aliases_name_metrics_of_the_table() -> None:
    assert set(ALIASES.values()) <= set(METRICS)
    assert alias_class("IoU.Straße") == "straße"
    assert alias_class("val/iou/traffic light") == "traffic light"
    assert alias_class("val_iou") == alias_class("biou/road") == ""

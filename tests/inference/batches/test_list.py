"""The list of batches: how they are called and found, their scores, and the ticked ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from pytest_django.asserts import assertContains, assertRedirects

from experiments.models import Checkpoint, Dataset
from inference.batches.lines import batch_lines
from inference.batches.tiles import batch_models, batch_tiles
from inference.models import Batch, Comparison, Image, Prediction
from inference.worker import order
from tests.inference.conftest import FakeEngine, checkpoint_make
from tests.inference.pictures import encoded, noise, upload

pytestmark = pytest.mark.django_db
KEYS = ["camvid-fcn8s-slim", "camvid-unet-slim"]


@pytest.fixture
def batches(
    client: Client, fake_engine: FakeEngine, checkpoints: list[Checkpoint], sent: list[str]
) -> list[Batch]:
    """Two of this visitor's: a walk of two images by two networks, a ride by one."""
    for names, keys in ((("walk-1.png", "walk-2.png"), KEYS), (("ride.png",), KEYS[:1])):
        files = [upload(encoded(noise(seed=seed)), name) for seed, name in enumerate(names)]
        client.post("/batches/new/", {"files": files, "models": keys, "scale": "model"})
    while order.next_job():
        order.next_execute()
    return list(Batch.objects.order_by("created_at"))


def test_one_without_a_name_is_called_by_its_time() -> None:
    batch = Batch(created_at=datetime(2026, 11, 3, 14, 5, tzinfo=UTC))
    assert re.match("Batch of .*2026", batch.title)
    with translation.override("ko"):
        assert not re.search("[a-zA-Z]{3}", batch.title)
    assert Batch(name="walk").title == "walk"


@pytest.mark.parametrize(
    ("words", "count"),
    [("walk", 1), ("RIDE", 1), ("u-net", 1), ("fcn", 2), ("fcn walk-2", 1), ("boat", 0)],
)
def test_words_are_found_in_names_files_and_models(
    batches: list[Batch], client: Client, words: str, count: int
) -> None:
    assert len(client.get("/batches/", {"q": words}).context["lines"]) == count


def test_the_list_and_the_page_have_one_score(batches: list[Batch], client: Client) -> None:
    walk = batches[0]
    mious = iter((0.9, 0.1, 0.2, 0.4))
    for prediction in Prediction.objects.filter(comparison__batch=walk).order_by(
        "comparison__item__position", "position"
    ):
        Prediction.objects.filter(pk=prediction.pk).update(scores={"miou": next(mious)})
    lines = {line.batch: line for line in batch_lines(batches)}
    assert batch_models(batch_tiles(walk))[0].miou == lines[walk].miou == pytest.approx(0.55)
    assert lines[walk].best.key == KEYS[0]
    assert (lines[batches[1]].best, lines[batches[1]].miou) == (None, None)
    assertContains(client.get("/batches/"), "best: FCN-8s, 55.0 mIoU")
    # An image that one network has no score for counts for none.
    Prediction.objects.filter(scores={"miou": 0.1}).update(scores=None)
    assert batch_lines([walk])[0].miou == batch_models(batch_tiles(walk))[0].miou


def test_a_list_takes_a_fixed_number_of_queries(
    batches: list[Batch], client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        client.get("/batches/")


def test_the_ticked_ones_are_deleted(batches: list[Batch], client: Client) -> None:
    other = Client()
    other.post("/batches/delete/", {"ticked": [batch.pk for batch in batches]})
    assert Batch.objects.count() == 2
    assertContains(client.post("/batches/delete/", {}, follow=True), "Nothing was ticked")
    sent = {"ticked": [batches[0].pk, "no-id"]}
    assertRedirects(client.post("/batches/delete/", sent), "/batches/")
    assert list(Batch.objects.all()) == [batches[1]]
    assert (Comparison.objects.count(), Image.objects.count()) == (1, 1)


def test_the_form_begins_with_the_data_set_of_its_models(
    client: Client, checkpoints: list[Checkpoint], dataset: Dataset
) -> None:
    further = Dataset.objects.create(slug="boats", title="Boats", classes=dataset.classes)
    checkpoint_make(further, "boats-unet-slim")
    assertContains(client.get("/batches/new/"), f'value="{dataset.pk}" selected')
    # Whoever said that there are no masks is not overruled.
    refused = client.post("/batches/new/", {"models": KEYS, "mask_dataset": ""})
    assertContains(refused, 'value="" selected', status_code=422)

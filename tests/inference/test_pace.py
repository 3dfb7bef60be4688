"""Queues are bounded, and whoever fills one lets others pass."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference import pace
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.lab.services import inside_create
from inference.models import Comparison, Image, Inside, Prediction
from inference.worker import order
from segweb.jobs import State
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_next_visitor_comes_before_one_callers_hundredth_mask(
    image: Image, checkpoints: list[Checkpoint], fake_engine: FakeEngine, sent: list[str]
) -> None:
    for _ in range(20):
        comparison_create(image=image, visitor="flood")
    other = comparison_create(image=image, visitor="somebody")
    done: list[Comparison] = []
    while other not in done:
        job = order.next_job()
        Prediction.objects.filter(pk=job.pk).update(state=State.DONE)
        done.append(Prediction.objects.get(pk=job.pk).comparison)
    assert len(done) <= len(checkpoints) + 1, "the first of the flood's were there before"


def test_a_queue_that_is_full_is_a_sentence(
    api: APIClient,
    image: Image,
    checkpoints: list[Checkpoint],
    settings: Settings,
) -> None:
    settings.QUOTAS = settings.QUOTAS | {("visitor", "jobs"): 7}
    body = {"image": str(image.pk), "models": "all"}
    codes = [api.post("/api/v1/comparisons/", body, format="json").status_code for _ in range(3)]
    assert codes == [202, 202, 429]
    refused = api.post("/api/v1/comparisons/", body, format="json")
    assert "may wait at one time" in refused.json()["detail"]
    assert refused["Retry-After"]
    # Somebody else's is another queue.
    owner = User.objects.create_user("ann")
    comparison_create(image=image, owner=owner)
    assert Comparison.objects.count() == 3
    Prediction.objects.update(state=State.DONE)
    assert api.post("/api/v1/comparisons/", body, format="json").status_code == 202


def test_all_queues_together_are_bounded(
    image: Image, checkpoints: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "ALL_WAITING_MAX", 4)
    comparison_create(image=image, visitor=uuid4().hex)
    with pytest.raises(pace.QueueFull, match="Try again"):
        comparison_create(image=image, visitor=uuid4().hex)


def test_looks_inside_are_bounded_and_the_same_one_is_not_counted_twice(
    checkpoints: list[Checkpoint], settings: Settings
) -> None:
    image = image_create(file=upload(noise()), visitor="someone")
    comparison = comparison_create(image=image, visitor="someone")
    comparison.predictions.update(state=State.DONE)
    settings.QUOTAS = settings.QUOTAS | {("visitor", "jobs"): 2}
    prediction = comparison.predictions.first()
    for x in (0, 1, 1):
        inside_create(prediction=prediction, x=x, y=0)
    with pytest.raises(pace.QueueFull):
        inside_create(prediction=prediction, x=2, y=0)
    assert Inside.objects.count() == 2


def test_an_upload_that_finds_the_queue_full_leaves_no_image(
    client: Client, checkpoints: list[Checkpoint], settings: Settings
) -> None:
    settings.QUOTAS = settings.QUOTAS | {("visitor", "jobs"): 2}
    keys = [checkpoint.key for checkpoint in checkpoints]
    answer = client.post("/", {"file": upload(noise()), "models": keys})
    assert answer.status_code == 422
    assert "may wait at one time" in answer.content.decode()
    assert answer["Retry-After"] == "30"
    assert not Image.objects.exists()


@pytest.mark.slow
def test_a_class_behind_one_address_is_counted_one_by_one(
    client: Client, checkpoints: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace.WriteThrottle, "rate", "3/min", raising=False)
    key = checkpoints[0].key

    def upload_by(visitor: Client) -> int:
        return visitor.post("/", {"sample": "bus", "models": [key]}).status_code

    pupils = [Client() for _ in range(2)]
    for pupil in pupils:  # the first request has no session yet, and counts by address
        assert upload_by(pupil) == 302
    assert [upload_by(pupils[0]) for _ in range(4)] == [302, 302, 302, 422]
    assert upload_by(pupils[1]) == 302
    assert upload_by(Client()) == 302
    assert upload_by(Client()) == 422, "who keeps no session is counted by address"
    refused = pupils[0].post("/", {"sample": "bus", "models": [key]})
    assert 0 < int(refused["Retry-After"]) <= 60


def test_whoever_uploaded_an_image_deletes_it(api: APIClient, client: Client) -> None:
    uploaded = api.post("/api/v1/images/", {"file": upload(noise())}).json()
    address = f"/api/v1/images/{uploaded['id']}/"
    assert api.delete(address).status_code == 404
    assert api.delete(f"{address}?key=guess").status_code == 404
    assert api.delete(f"{address}?key={uploaded['delete_key']}").status_code == 204
    ann = User.objects.create_user("ann")
    hers = f"/api/v1/images/{image_create(file=upload(noise()), owner=ann).pk}/"
    assert api.delete(hers).status_code == 404
    api.force_authenticate(User.objects.create_superuser("bob"))
    assert api.delete(hers).status_code == 404
    api.force_authenticate(ann)
    assert api.delete(hers).status_code == 204
    assert not Image.objects.exists()


@pytest.mark.slow
def test_who_is_too_fast_by_rest_is_told_when_to_come_back_and_others_go_on(
    checkpoints: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace.WriteThrottle, "rate", "3/min", raising=False)
    pupils = [Client() for _ in range(2)]
    for pupil in pupils:  # the page begins a session
        pupil.post("/", {"sample": "bus", "models": [checkpoints[0].key]})
    answers = [pupils[0].post("/api/v1/images/", {"file": upload(noise())}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert pupils[1].post("/api/v1/images/", {"file": upload(noise())}).status_code == 201

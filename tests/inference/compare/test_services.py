"""Comparisons: what is queued, what is refused, sharing, deleting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from PIL import Image as Picture
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from experiments.checkpoints.services import checkpoint_withdraw
from experiments.models import Checkpoint
from inference.compare import services
from inference.comparisons import comparison_create
from inference.images.samples import sample_images
from inference.images.services import image_create, image_from_sample
from inference.models import Comparison, Image, Prediction
from segweb.jobs import State
from tests.inference.pictures import noise, opened, upload

KEYS = ["camvid-fcn8s-slim", "camvid-segnet-slim", "camvid-unet-slim"]


def files(settings: Settings) -> list[Path]:
    """Every stored file but the checkpoints."""
    found = Path(settings.MEDIA_ROOT).rglob("*")
    return [path for path in found if path.is_file() and path.parent.name != "checkpoints"]


def test_one_queued_prediction_for_each_key_in_the_order_asked(
    image: Image, checkpoints: list[Checkpoint]
) -> None:
    asked = [KEYS[2], KEYS[0], KEYS[2]]
    comparison = comparison_create(image=image, models=asked)
    predictions = comparison.predictions.all()
    assert [p.checkpoint.key for p in predictions] == [KEYS[2], KEYS[0]]
    assert {p.state for p in predictions} == {State.QUEUED}
    assert comparison.state == State.QUEUED


def test_the_quickest_network_has_its_turn_first(
    image: Image, checkpoints: list[Checkpoint]
) -> None:
    for checkpoint, gmacs in zip(checkpoints, (5.0, None, 0.5), strict=True):
        Checkpoint.objects.filter(pk=checkpoint.pk).update(gmacs=gmacs)
    predictions = comparison_create(image=image, models=KEYS).predictions
    assert [p.checkpoint.key for p in predictions.all()] == KEYS
    by_turn = predictions.order_by("queued_at")
    assert [p.checkpoint.key for p in by_turn] == [KEYS[2], KEYS[0], KEYS[1]]


def test_all_are_the_shipped_ones_of_the_default_data_set(
    image: Image, checkpoints: list[Checkpoint]
) -> None:
    Checkpoint.objects.filter(key=KEYS[1]).update(shipped=False)
    checkpoint_withdraw(checkpoint=checkpoints[2])
    comparison = comparison_create(image=image, models="all")
    assert [p.checkpoint.key for p in comparison.predictions.all()] == [KEYS[0]]


@pytest.mark.parametrize("models", [["camvid-none-slim", KEYS[0]], [KEYS[2]], "all", []])
def test_what_is_not_on_offer_is_refused(
    models: list[str], image: Image, checkpoints: list[Checkpoint]
) -> None:
    for checkpoint in checkpoints:
        checkpoint_withdraw(checkpoint=checkpoint)
    with pytest.raises(ValidationError):
        comparison_create(image=image, models=models)
    assert not Comparison.objects.exists()


def test_wake_ups_wait_for_the_commit(
    image: Image,
    checkpoints: list[Checkpoint],
    sent: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        comparison = comparison_create(image=image)
        assert sent == []
    assert sent == [str(prediction.pk) for prediction in comparison.predictions.all()]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_loses_nothing(image: Image, checkpoints: list[Checkpoint]) -> None:
    """The tests' broker refuses connections: the comparison is there all the same."""
    comparison = comparison_create(image=image)
    assert comparison.predictions.filter(state=State.QUEUED).count() == 3


def test_the_same_key_gives_the_same_comparison(
    image: Image, checkpoints: list[Checkpoint]
) -> None:
    first = comparison_create(image=image, idempotency_key="k")
    assert comparison_create(image=image, idempotency_key="k") == first
    others = [
        comparison_create(image=image, idempotency_key="other"),
        comparison_create(image=image, models=KEYS[:1], idempotency_key="k"),
        comparison_create(image=image, idempotency_key="k", visitor="someone"),
        comparison_create(image=image),
        comparison_create(image=image),
    ]
    assert len({first.pk, *(other.pk for other in others)}) == 6


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_one_comparison(image: Image, checkpoints: list[Checkpoint]) -> None:
    def create(_: int) -> str:
        try:
            return str(comparison_create(image=image, idempotency_key="k").pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(create, range(20)))) == 1
    assert (Comparison.objects.count(), Prediction.objects.count()) == (1, 3)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["QUEUED", "QUEUED"], "QUEUED"),
        (["QUEUED", "DONE"], "RUNNING"),
        (["RUNNING", "DONE"], "RUNNING"),
        (["DONE", "FAILED"], "DONE"),
        (["DONE", "LOST"], "DONE"),
        (["FAILED", "LOST"], "FAILED"),
        (["STOPPED", "STOPPED"], "FAILED"),
    ],
)
def test_the_state_of_a_comparison(
    states: list[str], state: str, image: Image, checkpoints: list[Checkpoint]
) -> None:
    comparison = comparison_create(image=image, models=KEYS[:2])
    for prediction, value in zip(comparison.predictions.all(), states, strict=True):
        Prediction.objects.filter(pk=prediction.pk).update(state=value)
    assert comparison.state == state


def test_share_links_can_be_revoked(image: Image, checkpoints: list[Checkpoint]) -> None:
    comparison = comparison_create(image=image)
    token = services.comparison_share(comparison=comparison)
    assert len(token) >= 32
    assert services.comparison_share(comparison=comparison) == token
    services.comparison_unshare(comparison=comparison)
    assert Comparison.objects.get().share_token is None
    assert services.comparison_share(comparison=comparison) != token


@pytest.mark.django_db(transaction=True)
def test_deleting_leaves_no_row_and_no_file(
    image: Image,
    checkpoints: list[Checkpoint],
    execute_all: Callable[[Comparison], None],
    settings: Settings,
) -> None:
    comparison = comparison_create(image=image)
    execute_all(comparison)
    assert len(files(settings)) == 7
    services.comparison_delete(comparison=comparison)
    assert not files(settings)
    assert not Image.objects.exists()
    assert not Prediction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_image_stays_while_another_comparison_uses_it(
    image: Image, checkpoints: list[Checkpoint], settings: Settings
) -> None:
    first, second = (comparison_create(image=image) for _ in range(2))
    services.comparison_delete(comparison=first)
    assert len(files(settings)) == 1
    services.comparison_delete(comparison=second)
    assert not files(settings)


@pytest.mark.django_db(transaction=True)
def test_files_go_with_the_account(checkpoints: list[Checkpoint], settings: Settings) -> None:
    owner = User.objects.create_user("ann")
    image = image_create(file=upload(noise()), owner=owner)
    comparison_create(image=image, owner=owner)
    owner.delete()
    assert not files(settings)


@pytest.mark.django_db(transaction=True)
def test_a_deletion_rolled_back_deletes_no_file(image: Image, settings: Settings) -> None:
    with transaction.atomic():
        image.delete()
        transaction.set_rollback(True)
    assert len(files(settings)) == 1


@pytest.mark.slow
def test_a_sample_comes_with_its_true_mask(db: None) -> None:
    for sample in sample_images():
        image = image_from_sample(name=sample.name, visitor="someone")
        assert (image.mask_dataset.slug, image.visitor) == ("scenes", "someone")
        assert np.array_equal(opened(image.mask), np.asarray(Picture.open(sample.mask_path)))
        assert np.array_equal(opened(image.file), Picture.open(sample.image_path).convert("RGB"))


def test_no_such_sample(db: None) -> None:
    with pytest.raises(ValidationError):
        image_from_sample(name="../../etc/passwd")

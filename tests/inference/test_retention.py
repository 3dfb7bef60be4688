"""What visitors made goes after some days, with its files; what has an owner stays."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from experiments.models import Checkpoint
from inference.batches.services import batch_create
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import Batch, BatchItem, Comparison, Image, Prediction
from inference.retention import visitors_forget
from segweb.jobs import chores, job_execute
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import noise, upload


def aged(*rows: Image | Comparison | Batch, days: int) -> None:
    """Let these have been made so many days ago."""
    for row in rows:
        made = timezone.now() - timedelta(days=days)
        type(row).objects.filter(pk=row.pk).update(created_at=made)


@pytest.mark.django_db(transaction=True)
def test_images_masks_comparisons_and_batches_of_visitors_go_with_their_files(
    checkpoints: list[Checkpoint],
    fake_engine: FakeEngine,
    sent: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for owner in (None, User.objects.create_user("ann")):
        maker = {"owner": owner, "visitor": "" if owner else "someone"}
        image = image_create(file=upload(noise()), **maker)
        comparison = comparison_create(image=image, **maker)
        batch = batch_create(files=[upload(noise())], models=[checkpoints[0].key], **maker)
        job_execute(model=BatchItem, pk=batch.items.get().pk, device="cpu")
        for prediction in Prediction.objects.filter(state="QUEUED"):
            job_execute(model=Prediction, pk=prediction.pk, device="cpu")
        alone = image_create(file=upload(noise()), **maker)
        aged(image, comparison, batch, alone, *Image.objects.all(), days=31)
    with caplog.at_level(logging.INFO, "inference.retention"):
        # The batch's own image goes with its batch.
        assert visitors_forget() == {"batches": 1, "comparisons": 1, "images": 1}
    assert "1 batches, 1 comparisons, 1 images of visitors, older than 30 days" in caplog.text
    assert set(Image.objects.values_list("owner__username", flat=True)) == {"ann"}
    assert set(Comparison.objects.values_list("owner__username", flat=True)) == {"ann"}
    assert Batch.objects.get().owner.username == "ann"
    kept = {str(pk) for pk in Image.objects.values_list("pk", flat=True)}
    assert set(default_storage.listdir("images")[0]) == kept
    masks = {str(pk) for pk in Prediction.objects.values_list("pk", flat=True)}
    assert set(default_storage.listdir("predictions")[0]) == masks
    assert visitors_forget() == {"batches": 0, "comparisons": 0, "images": 0}


@pytest.mark.django_db
def test_what_is_younger_stays_and_so_does_the_image_of_a_younger_comparison(
    checkpoints: list[Checkpoint], settings: Settings
) -> None:
    young, old = (image_create(file=upload(noise()), visitor="someone") for _ in range(2))
    comparison_create(image=old, visitor="another")
    aged(young, days=29)
    aged(old, days=40)
    visitors_forget()
    assert Image.objects.count() == 2
    aged(young, old, days=400)
    settings.VISITOR_DAYS = 0
    assert visitors_forget() == {}
    settings.VISITOR_DAYS = 365
    assert visitors_forget()["images"] == 1


@pytest.mark.django_db
def test_a_pass_is_short_and_the_next_one_goes_on(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.retention.AT_ONCE", 2)
    aged(*(image_create(file=upload(noise())) for _ in range(3)), days=31)
    assert [visitors_forget()["images"] for _ in range(3)] == [2, 1, 0]
    assert Image.objects.get() == image


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/batches/new/"])
def test_the_page_tells_visitors_how_long(page: str, client: Client, settings: Settings) -> None:
    told = "is deleted after 30 days"
    assert told in client.get(page).content.decode()
    client.force_login(User.objects.create_user("ann"))
    assert told not in client.get(page).content.decode()
    settings.VISITOR_DAYS = 0
    assert "is deleted after" not in Client().get(page).content.decode()


def test_the_sweeper_does_it_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(chores.time, "monotonic", lambda: now)
    monkeypatch.setattr(chores, "_done", {})
    assert visitors_forget in chores.chores_due()
    now += 59
    assert visitors_forget not in chores.chores_due()
    now += 1
    assert visitors_forget in chores.chores_due()


@pytest.mark.django_db
def test_what_an_account_made_of_a_visitors_image_outlives_its_comparison(
    checkpoints: list[Checkpoint], sent: list[str]
) -> None:
    image = image_create(file=upload(noise()), visitor="someone")
    own = comparison_create(image=image, visitor="someone")
    of_account = comparison_create(image=image, owner=User.objects.create_user("ann"))
    aged(image, own, days=31)
    visitors_forget()
    assert list(Comparison.objects.all()) == [of_account]
    assert Image.objects.filter(pk=image.pk).exists()

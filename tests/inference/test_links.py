"""A right through a share link ends with the link, and deleting ends it for all."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference.batches.services import batch_create, batch_delete
from inference.compare import services
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import BatchItem, Comparison, Ensemble, Image, Inside, Prediction
from segweb.jobs import job_execute
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared(checkpoints: list[Checkpoint], execute_all: Callable[[Comparison], None]) -> Comparison:
    """A finished comparison of Ann's, with a link."""
    ann = User.objects.create_user("ann")
    comparison = comparison_create(image=image_create(file=upload(noise()), owner=ann), owner=ann)
    execute_all(comparison)
    services.comparison_share(comparison=comparison)
    return comparison


@pytest.fixture(params=["a visitor", "another user"])
def reader(request: pytest.FixtureRequest) -> Client:
    """Somebody who has the link only."""
    client = Client()
    if request.param == "another user":
        client.force_login(User.objects.create_user("bob"))
    return client


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/c/{pk}/again/", "/api/v1/comparisons/", "/api/v1/comparisons/{pk}/ensembles/"]
)
def test_nothing_is_made_by_link(reader: Client, shared: Comparison, path: str) -> None:
    body = {
        "image": str(shared.image_id),
        "members": [str(prediction.pk) for prediction in shared.predictions.all()],
    }
    address = f"{path.format(pk=shared.pk)}?share={shared.share_token}"
    kind = None if "again" in path else "application/json"
    answer = reader.post(address, body, **({"content_type": kind} if kind else {}))
    assert answer.status_code in (400, 404)
    assert Comparison.objects.count() == 1
    assert not Ensemble.objects.exists()


def test_no_look_inside_by_link(reader: Client, shared: Comparison) -> None:
    prediction = shared.predictions.first()
    address = f"/api/v1/predictions/{prediction.pk}/insides/?share={shared.share_token}"
    assert reader.post(address, {}, content_type="application/json").status_code == 404
    assert not Inside.objects.exists()


def test_a_service_makes_nothing_of_another_users_image(shared: Comparison) -> None:
    for owner in (None, User.objects.create_user("bob")):
        with pytest.raises(ValidationError):
            comparison_create(image=shared.image, owner=owner)


def test_deleting_ends_it_for_all(checkpoints: list[Checkpoint], settings: Settings) -> None:
    """What others made of a visitor's image, whose id they knew, goes with it."""
    image = image_create(file=upload(noise()), visitor="someone")
    own, again = (comparison_create(image=image, visitor="someone") for _ in range(2))
    comparison_create(image=image, owner=User.objects.create_user("bob"))
    comparison_create(image=image, visitor="someone else")
    services.comparison_delete(comparison=own)
    assert Image.objects.exists()
    services.comparison_delete(comparison=again)
    assert not Image.objects.exists()
    assert not Comparison.objects.exists()
    assert not list((Path(settings.MEDIA_ROOT) / "images").rglob("*.png"))


def test_nobody_deletes_what_another_uploaded(checkpoints: list[Checkpoint]) -> None:
    image = image_create(file=upload(noise()), visitor="someone")
    others = comparison_create(image=image, visitor="someone else")
    services.comparison_delete(comparison=others)
    assert Image.objects.get() == image


def test_a_batch_takes_its_images_along(checkpoints: list[Checkpoint], sent: list[str]) -> None:
    batch = batch_create(files=[upload(noise())], visitor="someone")
    job_execute(model=BatchItem, pk=batch.items.get().pk, device="cpu")
    comparison_create(image=Image.objects.get(), owner=User.objects.create_user("bob"))
    batch_delete(batch=batch)
    assert not Image.objects.exists()
    assert not Comparison.objects.exists()


def test_copies_made_by_links_of_before_are_gone(shared: Comparison, settings: Settings) -> None:
    bob = User.objects.create_user("bob")
    visitors = Comparison.objects.create(image=shared.image, visitor="someone")
    bobs = Comparison.objects.create(image=shared.image, owner=bob)
    row = Prediction.objects.create(comparison=bobs, checkpoint=Checkpoint.objects.first())
    folder = Path(settings.MEDIA_ROOT) / row.folder
    folder.mkdir(parents=True)
    (folder / "1.png").touch()
    kept = [shared, comparison_create(image=image_create(file=upload(noise())), owner=bob)]
    migration = importlib.import_module("inference.migrations.0007_what_links_left")
    migration.strangers_delete(apps, None)
    assert set(Comparison.objects.all()) == set(kept)
    assert visitors not in Comparison.objects.all()
    assert not folder.exists()


def test_an_image_by_link_is_no_longer_there_after_it(
    api: APIClient, reader: Client, shared: Comparison
) -> None:
    prediction = shared.predictions.first()
    addresses = [
        f"/images/{shared.image_id}/view/",
        f"/images/{shared.image_id}/thumbnail/",
        f"/api/v1/images/{shared.image_id}/file/",
        f"/c/{shared.pk}/panes/1/",
        *(f"/api/v1/predictions/{prediction.pk}/mask/?as={form}" for form in ("npz", "overlay")),
    ]

    def seen() -> list[int]:
        answers = [
            reader.get(f"{address}{'&' if '?' in address else '?'}share={shared.share_token}")
            for address in addresses
        ]
        for answer in answers:
            b"".join(answer)
        return [answer.status_code for answer in answers]

    assert set(seen()) == {200}
    token = shared.share_token
    services.comparison_unshare(comparison=shared)
    shared.share_token = token
    assert set(seen()) == {404}

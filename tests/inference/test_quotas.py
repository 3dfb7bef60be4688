"""How much each role may keep and have waiting, by page and REST, and when all come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference import quotas
from inference.batches.services import batch_create
from inference.comparisons import comparison_create
from inference.images import services
from inference.images.services import image_create
from inference.models import Batch, BatchItem, Image, Prediction
from inference.pace import QueueFull
from segweb.jobs import State, job_execute
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import noise, upload

IMAGES = "/api/v1/images/"


@pytest.fixture
def ann(db: None) -> User:
    """An account that may keep two images, of any size."""
    return User.objects.create_user("ann")


def most(settings: Settings, **limits: int) -> None:
    """Set limits, as account_images=2."""
    named = {tuple(name.split("_")): limit for name, limit in limits.items()}
    settings.QUOTAS = settings.QUOTAS | named


def test_images_are_counted_by_page_and_rest_and_deleting_makes_room(
    ann: User, checkpoints: list[Checkpoint], settings: Settings, sent: list[str]
) -> None:
    most(settings, account_images=2)
    client, api = Client(), APIClient()
    client.force_login(ann)
    api.force_authenticate(ann)
    key = checkpoints[0].key
    assert client.post("/", {"sample": "bus", "models": [key]}).status_code == 302
    assert api.post(IMAGES, {"file": upload(noise())}).status_code == 201
    refused = api.post(IMAGES, {"file": upload(noise())})
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["type"] == "urn:segweb:problem:quota-reached"
    assert (
        "2 of at most 2 images. Delete comparisons, batches or images" in refused.json()["detail"]
    )
    page = client.post("/", {"file": upload(noise()), "models": [key]})
    assert page.status_code == 422
    assert "2 of at most 2 images. Delete comparisons, batches or images" in page.content.decode()
    batch = api.post("/api/v1/batches/", {"models": [key], "files": [upload(noise())]})
    assert batch.status_code == 403
    assert not Batch.objects.exists()
    client.post(f"/c/{Image.objects.get(name='bus').comparisons.get().pk}/delete/")
    assert api.post(IMAGES, {"file": upload(noise())}).status_code == 201
    # Somebody else's are another matter.
    image_create(file=upload(noise()), owner=User.objects.create_user("bob"))


def test_bytes_are_those_on_the_disk_and_nothing_is_left_of_what_is_refused(
    ann: User, settings: Settings
) -> None:
    kept = image_create(file=upload(noise()), owner=ann)
    assert kept.bytes == default_storage.size(kept.file.name) > 0
    most(settings, account_bytes=2 * kept.bytes - 1)
    with pytest.raises(quotas.QuotaReached, match="of at most"):
        image_create(file=upload(noise()), owner=ann)
    assert default_storage.listdir("images")[0] == [str(kept.pk)]


def test_the_files_of_a_batch_are_images_to_be(
    ann: User, checkpoints: list[Checkpoint], settings: Settings, fake_engine: FakeEngine
) -> None:
    most(settings, account_images=3)
    files = [upload(noise(), name=f"{number}.png") for number in range(2)]
    batch = batch_create(files=files, models=[checkpoints[0].key], owner=ann)
    with pytest.raises(quotas.QuotaReached):
        batch_create(files=files, models=[checkpoints[0].key], owner=ann)
    assert BatchItem.objects.count() == 2, "nothing is left of the second"
    most(settings, account_images=2)  # no room is left but what the items have already
    for item in batch.items.all():
        assert item.bytes
        job_execute(model=BatchItem, pk=item.pk, device="cpu")
    assert set(batch.items.values_list("state", "error")) == {(State.DONE, "")}
    assert Image.objects.count() == 2


def test_each_visitor_has_a_share_and_all_of_them_ten_times_as_much(
    settings: Settings, db: None
) -> None:
    most(settings, visitor_images=1)
    for number in range(quotas.ALL_VISITORS - quotas.NOBODYS):
        image_create(file=upload(noise()), visitor=str(number))
        with pytest.raises(quotas.QuotaReached, match="go by themselves after 30 days"):
            image_create(file=upload(noise()), visitor=str(number))
    api = APIClient()
    codes = [api.post(IMAGES, {"file": upload(noise())}).status_code for _ in range(6)]
    assert codes == [201] * quotas.NOBODYS + [403]
    later = api.post(IMAGES, {"file": upload(noise())})
    assert "delete_key" in later.json()["detail"]
    with pytest.raises(quotas.VisitorsQuotaReached, match="all visitors"):
        image_create(file=upload(noise()), visitor="another")
    Image.objects.filter(visitor="").first().delete()
    image_create(file=upload(noise()), visitor="another")
    refused = api.post(IMAGES, {"file": upload(noise())})
    assert (refused.status_code, refused["Retry-After"]) == (429, "3600")


def test_staff_has_more(settings: Settings, db: None) -> None:
    most(settings, account_images=0, staff_images=1, visitor_images=0)
    image_create(file=upload(noise()), owner=User.objects.create_user("staff", is_staff=True))
    with pytest.raises(quotas.QuotaReached):
        image_create(file=upload(noise()), owner=User.objects.create_user("ann"))


def at_once(times: int, act: Any) -> list[Exception | None]:
    """What becomes of an act that is done in as many threads at one moment."""
    together = Barrier(times)

    def one(_: int) -> Exception | None:
        try:
            together.wait()
            act()
        except Exception as fault:
            return fault
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_twenty_uploads_at_once_do_not_exceed_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    most(settings, account_images=5, visitor_images=3)
    ann = User.objects.create_user("ann")

    def decoded(folder: Any, *_: Any) -> tuple[int, int]:
        (folder / "image.png").write_bytes(b"decoded elsewhere")
        return 1, 1

    # Decoding is bounded by itself, and what is tried here are twenty rows at one moment.
    monkeypatch.setattr(services.uploads, "upload_decode", decoded)
    for maker, limit in (({"owner": ann}, 5), ({"visitor": "someone"}, 3)):
        found = at_once(20, lambda maker=maker: image_create(file=upload(noise()), **maker))
        assert sum(fault is None for fault in found) == limit
        assert {type(fault) for fault in found} == {type(None), quotas.QuotaReached}
    assert Image.objects.count() == 8
    assert len(default_storage.listdir("images")[0]) == 8


@pytest.mark.django_db(transaction=True)
def test_twenty_comparisons_at_once_do_not_exceed_the_queue(
    settings: Settings, checkpoints: list[Checkpoint], sent: list[str]
) -> None:
    most(settings, visitor_jobs=7)
    image = image_create(file=upload(noise()), visitor="someone")
    found = at_once(20, lambda: comparison_create(image=image, visitor="someone"))
    assert sum(fault is None for fault in found) == 2
    assert {type(fault) for fault in found} == {type(None), QueueFull}
    assert Prediction.objects.count() == 6


def test_images_in_no_comparison_are_found_and_deleted_by_whoever_made_them(
    ann: User, checkpoints: list[Checkpoint]
) -> None:
    compared, _unused, young, hers = (
        image_create(file=upload(noise()), owner=owner)
        for owner in (ann, ann, ann, User.objects.create_user("bob"))
    )
    comparison_create(image=compared, owner=ann)
    long_ago = timezone.now() - timedelta(minutes=2)
    Image.objects.exclude(pk=young.pk).update(created_at=long_ago)
    client = Client()
    client.force_login(ann)
    assert "1 image of yours is in no comparison" in client.get("/history/").content.decode()
    client.post("/images/unused/delete/")
    assert set(Image.objects.all()) == {compared, young, hers}
    assert "in no comparison" not in client.get("/history/").content.decode()

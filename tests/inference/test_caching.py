"""What caches may keep: what never changes for ever, what is not public for its reader alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from PIL import Image as Picture

from experiments.models import Checkpoint, Dataset
from inference.compare.services import comparison_delete, comparison_share, comparison_unshare
from inference.comparisons import comparison_create
from inference.images.samples import sample_images
from inference.images.services import image_create
from inference.models import Comparison, Inside
from segweb.jobs import State
from tests.inference.pictures import noise, upload
from tests.segweb.http.test_slashes import addresses

pytestmark = pytest.mark.django_db
PUBLIC = ("/samples/", "/lineage/", "/favicon.ico")  # what is there for everyone alike


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def reader(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def done(
    owner: User,
    checkpoints: list[Checkpoint],
    dataset: Dataset,
    truth: np.ndarray,
    execute_all: Callable[[Comparison], None],
) -> Comparison:
    """A comparison of the owner's that has ended, of an image with its true mask."""
    mask = upload(Picture.fromarray(truth))
    image = image_create(file=upload(noise()), owner=owner, mask=mask, mask_dataset=dataset)
    comparison = comparison_create(image=image, owner=owner)
    execute_all(comparison)
    return comparison


def lasting(done: Comparison) -> list[str]:
    """The addresses of all that never changes of it."""
    image, prediction = done.image, done.predictions.first()
    strip = [{"name": "conv", "kind": "conv", "height": 16, "width": 24, "file": image.file.name}]
    inside = Inside.objects.create(
        prediction=prediction, state=State.DONE, strip=strip, field={"heat": image.file.name}
    )
    mask = f"/api/v1/predictions/{prediction.pk}/mask/"
    return [
        f"/api/v1/images/{image.pk}/file/",
        f"/api/v1/images/{image.pk}/truth/",
        *(f"{mask}?as={form}" for form in ("png", "overlay", "coco", "npz", "ids", "top3")),
        f"/api/v1/insides/{inside.pk}/heat/",
        f"/api/v1/insides/{inside.pk}/strip/1/",
        f"/images/{image.pk}/thumbnail/",
        f"/images/{image.pk}/view/",
    ]


def body(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content


def test_what_never_changes_is_sent_once(reader: Client, done: Comparison) -> None:
    tags, written = set(), lasting(done)
    for address in written:
        first = reader.get(address)
        assert first.status_code == 200, address
        assert first["Cache-Control"] == "private, max-age=31536000, immutable"
        assert body(first)
        tag = first["ETag"]
        tags.add(tag)
        for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = reader.get(address, headers={"If-None-Match": asked})
            assert (again.status_code, body(again)) == (304, b""), (address, asked)
            assert (again["ETag"], again["Cache-Control"]) == (tag, first["Cache-Control"])
        for asked in ('"other"', "W/", "é", ""):
            again = reader.get(address, headers={"If-None-Match": asked})
            assert (again.status_code, bool(body(again))) == (200, True), (address, asked)
        head = reader.head(address)
        assert (head["ETag"], body(head)) == (tag, b"")
        other = reader.get(address, headers={"If-Match": '"other"'})
        assert (other.status_code, other["Cache-Control"]) == (412, "private, no-store")
    assert len(tags) == len(written) - 2  # strip and heat are the image here


def test_what_goes_on_is_asked_for_again(
    reader: Client, owner: User, checkpoints: list[Checkpoint]
) -> None:
    image = image_create(file=upload(noise()), owner=owner)
    waiting = comparison_create(image=image, owner=owner)
    for part in ("", "agreement/", "truth/"):
        answer = reader.get(f"/api/v1/comparisons/{waiting.pk}/{part}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")
    mask = reader.get(f"/api/v1/predictions/{waiting.predictions.first().pk}/mask/")
    assert (mask.status_code, mask["Cache-Control"]) == (404, "private, no-store")


def test_an_agreement_is_sent_once_but_asked_for_again(reader: Client, done: Comparison) -> None:
    """What later versions tell of the same masks is not hidden by what a browser has."""
    address = f"/api/v1/comparisons/{done.pk}/agreement/"
    first = reader.get(address)
    assert first["Cache-Control"] == "private, no-cache"
    again = reader.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = {"pairs": [], "groups": [], "entropy_mean": None}
    Comparison.objects.filter(pk=done.pk).update(agreement=other)
    told = reader.get(address, headers={"If-None-Match": first["ETag"]})
    assert (told.status_code, told.json()) == (200, other)


def test_a_revoked_link_and_a_deleted_image_are_not_there_for_whoever_had_them(
    done: Comparison,
) -> None:
    visitor, token = Client(), comparison_share(comparison=done)
    shown = [f"{a}{'&' if '?' in a else '?'}share={token}" for a in lasting(done)]
    tags = []
    for address in shown:
        answer = visitor.get(address)
        assert answer["Cache-Control"].startswith("private"), address
        tags.append(answer["ETag"])
        body(answer)
    comparison_unshare(comparison=done)
    for address, tag in zip(shown, tags, strict=True):
        answer = visitor.get(address, headers={"If-None-Match": tag})
        assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")
    owner = Client()
    owner.force_login(done.owner)
    comparison_delete(comparison=done)
    for address, tag in zip(shown, tags, strict=True):
        answer = owner.get(address, headers={"If-None-Match": tag})
        assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")


def test_samples_are_kept_for_ever_by_what_is_in_them(client: Client) -> None:
    sample = sample_images()[0]
    address = f"/samples/{sample.name}.jpg"
    assert client.get(address)["Cache-Control"] == "public, max-age=86400"
    kept = client.get(address, {"v": sample.version})
    assert kept["Cache-Control"] == "public, max-age=31536000, immutable"
    again = client.get(address, headers={"If-None-Match": kept["ETag"]})
    assert again.status_code == 304
    assert client.get(address, {"v": "older"})["Cache-Control"] == "public, max-age=86400"
    assert f"{address}?v={sample.version}" in client.get("/").content.decode()


def test_nothing_else_is_for_a_cache_that_others_read(reader: Client, done: Comparison) -> None:
    """Also of an address that is added: unless it is public, its answers are private."""
    written = {*addresses(get_resolver()), *lasting(done), f"/c/{done.pk}/", "/healthz"}
    written |= {one.replace(str(UUID(int=1)), str(done.pk)) for one in written}
    statuses = set()
    for address in sorted(one for one in written if not one.startswith(PUBLIC)):
        answer = reader.get(address)
        statuses.add(answer.status_code)
        assert "private" in answer["Cache-Control"], address
        assert "public" not in answer["Cache-Control"], address
        body(answer)
    assert {200, 302, 404, 405} <= statuses

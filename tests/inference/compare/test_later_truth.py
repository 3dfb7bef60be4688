"""A true mask that comes after the masks, and all masks in one file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image as Picture
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference.comparisons import comparison_create
from inference.images import uploads
from inference.images.services import image_create, image_delete_key
from inference.models import Comparison, Image, Scoring
from segweb.jobs import State, job_execute
from tests.inference.pictures import encoded, noise, opened, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(django_user_model: type[User]) -> User:
    """Whoever uploaded the image."""
    return django_user_model.objects.create_user("mira")


@pytest.fixture
def compared(
    checkpoints: list[Checkpoint], owner: User, execute_all: Callable[[Any], None]
) -> Comparison:
    """Three masks of an image without a true mask."""
    image = image_create(file=upload(noise()), owner=owner)
    comparison = comparison_create(image=image, owner=owner)
    execute_all(comparison)
    return Comparison.objects.get(pk=comparison.pk)


def sent(truth: np.ndarray, **fields: str) -> dict[str, Any]:
    mask = SimpleUploadedFile("mask.png", encoded(Picture.fromarray(truth)))
    return {"mask": mask, "mask_dataset": "camvid", **fields}


def count() -> None:
    """What the worker does."""
    for scoring in Scoring.objects.filter(state=State.QUEUED):
        job_execute(model=Scoring, pk=scoring.pk, device="cpu")


def test_masks_are_scored_as_if_it_had_come_along(
    compared: Comparison, owner: User, truth: np.ndarray, execute_all: Callable[[Any], None]
) -> None:
    api = APIClient()
    api.force_authenticate(owner)
    address = f"/api/v1/comparisons/{compared.pk}/truth/"
    response = api.post(address, sent(truth))
    assert response.status_code == 202
    assert response.json()["predictions"] == []
    count()
    late = api.get(address).json()
    along = upload(Picture.fromarray(truth))
    dataset = compared.predictions.first().checkpoint.dataset
    image = image_create(file=upload(noise()), mask=along, mask_dataset=dataset, owner=owner)
    other = comparison_create(image=image, owner=owner)
    execute_all(other)
    at_once = api.get(f"/api/v1/comparisons/{other.pk}/truth/").json()
    assert [entry | {"id": ""} for entry in late["predictions"]] == [
        entry | {"id": ""} for entry in at_once["predictions"]
    ]
    assert len(late["predictions"]) == 3
    image = Image.objects.get(pk=compared.image_id)
    assert image.bytes == image.file.size + image.mask.size


def test_once_added_it_stays(compared: Comparison, owner: User, truth: np.ndarray) -> None:
    api = APIClient()
    api.force_authenticate(owner)
    address = f"/api/v1/comparisons/{compared.pk}/truth/"
    api.post(address, sent(truth))
    response = api.post(address, sent(1 - np.clip(truth, 0, 1)))
    assert response.status_code == 400
    assert "already" in response.content.decode()
    assert np.array_equal(opened(Image.objects.get(pk=compared.image_id).mask), truth)


@pytest.mark.parametrize("fault", ["size", "values", "dataset", "none"])
def test_what_does_not_fit_is_refused_and_nothing_stays(
    compared: Comparison, owner: User, truth: np.ndarray, fault: str
) -> None:
    api = APIClient()
    api.force_authenticate(owner)
    body = {
        "size": lambda: sent(truth[:4]),
        "values": lambda: sent(truth + 77),
        "dataset": lambda: sent(truth, mask_dataset="nowhere"),
        "none": lambda: {"mask_dataset": "camvid"},
    }[fault]()
    response = api.post(f"/api/v1/comparisons/{compared.pk}/truth/", body)
    assert response.status_code == 400
    image = Image.objects.get(pk=compared.image_id)
    assert (image.mask.name, image.mask_dataset, image.bytes) == ("", None, image.file.size)
    assert not Scoring.objects.exists()


def test_only_whoever_uploaded_the_image_adds_it(
    compared: Comparison, image: Image, checkpoints: list[Checkpoint], truth: np.ndarray
) -> None:
    stranger = APIClient()
    assert (
        stranger.post(f"/api/v1/comparisons/{compared.pk}/truth/", sent(truth)).status_code == 404
    )
    nobodys = comparison_create(image=image)
    address = f"/api/v1/comparisons/{nobodys.pk}/truth/"
    assert stranger.post(address, sent(truth)).status_code == 404
    keyed = f"{address}?key={image_delete_key(pk=image.pk)}"
    assert stranger.post(keyed, sent(truth)).status_code == 202


def test_the_page_takes_it_and_says_who_is_best(
    client: Client, compared: Comparison, owner: User, truth: np.ndarray
) -> None:
    client.force_login(owner)
    page = f"/c/{compared.pk}/"
    assert f"{page}truth/" in client.get(page).content.decode()
    dataset = compared.predictions.first().checkpoint.dataset
    shown = client.post(f"{page}truth/", sent(truth) | {"mask_dataset": dataset.pk}, follow=True)
    text = shown.content.decode()
    assert f"{page}truth/" not in text
    assert 'hx-trigger="every 2s"' in text  # until they are scored
    count()
    text = client.get(page).content.decode()
    assert 'hx-trigger="every 2s"' not in text
    assert "are equal:" in text  # three masks of one fake network
    refused = client.post(f"{page}truth/", {"mask_dataset": dataset.pk}, follow=True)
    assert "Choose a mask." in refused.content.decode()


def test_a_prediction_that_was_under_way_is_scored_too(
    checkpoints: list[Checkpoint],
    owner: User,
    truth: np.ndarray,
    execute_all: Callable[[Any], None],
) -> None:
    comparison = comparison_create(
        image=image_create(file=upload(noise()), owner=owner), owner=owner
    )
    api = APIClient()
    api.force_authenticate(owner)
    api.post(f"/api/v1/comparisons/{comparison.pk}/truth/", sent(truth))
    count()  # before any mask is there
    execute_all(comparison)
    assert all(prediction.scores for prediction in comparison.predictions.all())


def test_all_masks_come_in_one_zip(client: Client, compared: Comparison, owner: User) -> None:
    address = f"/api/v1/comparisons/{compared.pk}/masks/"
    assert client.get(address).status_code == 404
    client.force_login(owner)
    response = client.get(address)
    assert response["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    wanted = {f"image-{c.key}.png" for c in Checkpoint.objects.all()}
    assert len(archive.namelist()) == 3
    assert {name.split("-", 1)[1] for name in archive.namelist()} == {
        name.split("-", 1)[1] for name in wanted
    }
    for prediction in compared.predictions.all():
        (name,) = (n for n in archive.namelist() if prediction.checkpoint.key in n)
        with Picture.open(io.BytesIO(archive.read(name))) as mask:
            assert np.array_equal(np.asarray(mask), opened(prediction.mask))
    assert address in client.get(f"/c/{compared.pk}/").content.decode()


def test_nobody_waits_while_a_mask_is_decoded(
    compared: Comparison, owner: User, truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction on SQLite keeps everybody else from writing."""
    decode, within = uploads.upload_decode, []

    def watched(*args: Any, **named: Any) -> Any:
        within.append(len(connection.savepoint_ids))
        return decode(*args, **named)

    monkeypatch.setattr(uploads, "upload_decode", watched)
    api = APIClient()
    api.force_authenticate(owner)
    address = f"/api/v1/comparisons/{compared.pk}/truth/"
    assert api.post(address, sent(truth), format="multipart").status_code == 202
    assert within == [0]  # none but the test's own transaction


def test_a_photo_that_is_larger_as_png_takes_its_mask(
    compared: Comparison, owner: User, truth: np.ndarray, settings: Settings
) -> None:
    """What an upload may have at most holds for what is uploaded now."""
    mask = sent(truth)
    settings.UPLOAD_MAX_BYTES = compared.image.file.size - 1
    assert mask["mask"].size <= settings.UPLOAD_MAX_BYTES
    api = APIClient()
    api.force_authenticate(owner)
    address = f"/api/v1/comparisons/{compared.pk}/truth/"
    assert api.post(address, mask, format="multipart").status_code == 202

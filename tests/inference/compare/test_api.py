"""The REST contract: images, comparisons, masks, and a problem for every error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from PIL import Image as Picture
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from experiments.models import Checkpoint, Dataset
from inference.batches.services import batch_create
from inference.compare import api as compare_api
from inference.comparisons import comparison_create
from inference.images import api as images_api
from inference.images import downloads, uploads
from inference.images.services import image_create, image_delete_key
from inference.models import Batch, Comparison, Image, Prediction
from inference.pace import WriteThrottle
from models_zoo.masks import colourise
from segweb.http.tokens import token_make
from tests.inference.pictures import encoded, noise, opened, upload

pytestmark = pytest.mark.django_db
KEYS = ["camvid-fcn8s-slim", "camvid-segnet-slim", "camvid-unet-slim"]


def image_post(api: APIClient, content: Any = None, **fields: Any) -> Response:
    file = upload(noise() if content is None else content)
    return api.post("/api/v1/images/", {"file": file, **fields}, format="multipart")


def comparison_post(api: APIClient, image: Any, models: Any = "all", **headers: str) -> Response:
    body = {"image": str(image), "models": models}
    return api.post("/api/v1/comparisons/", body, format="json", headers=headers)


def is_problem(response: Response, status: int) -> str:
    """The detail of a problem, whose every part is as RFC 9457 wants it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    return body["detail"]


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


# images


def test_post_an_image(api: APIClient) -> None:
    response = image_post(api)
    assert response.status_code == 201
    image = Image.objects.get()
    assert response.json() == {
        "delete_key": image_delete_key(pk=image.pk),
        "id": str(image.pk),
        "width": 24,
        "height": 16,
        "sha256": image.sha256,
        "url": f"http://testserver/api/v1/images/{image.pk}/file/",
    }
    served = api.get(response.json()["url"], headers={"Accept": "image/png"})
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert np.array_equal(Picture.open(io.BytesIO(content(served))), noise())


def test_post_an_image_with_its_mask(api: APIClient, dataset: Dataset, truth: np.ndarray) -> None:
    mask = upload(Picture.fromarray(truth))
    response = image_post(api, mask=mask, mask_dataset="camvid")
    assert response.status_code == 201
    assert np.array_equal(opened(Image.objects.get().mask), truth)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mask_dataset": "none"}, "mask_dataset"),
        ({"mask_dataset": "a\0b"}, ""),
        ({"mask": encoded(Picture.new("L", (24, 16)))}, "data set"),
        ({"mask": encoded(Picture.new("L", (9, 9))), "mask_dataset": "camvid"}, "9×9"),
        ({"mask": encoded(Picture.new("L", (24, 16), 9)), "mask_dataset": "camvid"}, "9"),
    ],
)
def test_wrong_masks(fields: dict[str, Any], words: str, api: APIClient, dataset: Dataset) -> None:
    if "mask" in fields:
        fields = {**fields, "mask": upload(fields["mask"])}
    assert words in is_problem(image_post(api, **fields), 400)
    assert not Image.objects.exists()


def test_what_is_no_image(api: APIClient) -> None:
    assert "formats" in is_problem(image_post(api, b"<script>alert(1)</script>"), 400)
    assert "empty" in is_problem(image_post(api, b""), 400)
    assert "file" in is_problem(api.post("/api/v1/images/", {}, format="multipart"), 400)
    not_a_file = api.post("/api/v1/images/", {"file": "text"}, format="multipart")
    assert "file" in is_problem(not_a_file, 400)


@pytest.mark.slow
def test_too_large(api: APIClient, settings: Settings) -> None:
    assert "megapixels" in is_problem(image_post(api, Picture.new("1", (13_000, 13_000))), 413)
    settings.UPLOAD_MAX_BYTES = 1000
    assert "MiB" in is_problem(image_post(api, bytes(1001)), 413)


def test_far_too_large_is_refused_unread(
    api: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    monkeypatch.setattr(uploads, "FORM_BYTES", 1000)
    monkeypatch.setattr(images_api, "ImageUploadSerializer", lambda **_: pytest.fail("was read"))
    is_problem(image_post(api, bytes(5000)), 413)


def test_other_media_types(api: APIClient, image: Image) -> None:
    json_image = api.post("/api/v1/images/", {"file": "x"}, format="json")
    is_problem(json_image, 415)
    form = api.post("/api/v1/comparisons/", {"image": str(image.pk)}, format="multipart")
    is_problem(form, 415)


# comparisons


def test_a_comparison_from_post_to_masks(
    api: APIClient,
    image: Image,
    checkpoints: list[Checkpoint],
    execute_all: Callable[[Comparison], None],
) -> None:
    posted = comparison_post(api, image.pk, KEYS[:2])
    assert posted.status_code == 202
    body = posted.json()
    comparison = Comparison.objects.get()
    assert body["id"] == str(comparison.pk)
    assert body["url"] == f"http://testserver/api/v1/comparisons/{comparison.pk}/"
    assert posted["Location"] == body["url"]
    assert body["state"] == "QUEUED"
    assert body["image"]["id"] == str(image.pk)
    assert body["predictions"][0] == {
        "id": str(comparison.predictions.first().pk),
        "model": KEYS[0],
        "state": "QUEUED",
        "latency_ms": None,
        "load_ms": None,
        "memory_bytes": None,
        "runtime": "",
        "precision": "",
        "parameters": 700_000,
        "gmacs": None,
        "scored": None,
        "mask_url": None,
        "top3_url": None,
        "scores": None,
        "error": None,
    }
    assert api.get(body["url"]).json() == body

    execute_all(comparison)
    done = api.get(body["url"]).json()
    assert done["state"] == "DONE"
    for prediction in done["predictions"]:
        assert (prediction["state"], prediction["latency_ms"]) == ("DONE", 12.5)
        assert (prediction["runtime"], prediction["precision"]) == ("torch", "fp32")
        mask = Picture.open(io.BytesIO(content(api.get(prediction["mask_url"]))))
        assert (mask.mode, mask.size) == ("P", (24, 16))


def test_all(api: APIClient, image: Image, checkpoints: list[Checkpoint]) -> None:
    body = comparison_post(api, image.pk).json()
    assert [prediction["model"] for prediction in body["predictions"]] == KEYS


@pytest.mark.parametrize("models", ["some", [], [1], {"a": 1}, None, 7, ["\x00"], ["none"]])
def test_wrong_models(
    models: Any, api: APIClient, image: Image, checkpoints: list[Checkpoint]
) -> None:
    is_problem(comparison_post(api, image.pk, models), 400)
    assert not Comparison.objects.exists()


def test_wrong_images(api: APIClient, checkpoints: list[Checkpoint]) -> None:
    assert "image" in is_problem(comparison_post(api, uuid4()), 400)
    assert "image" in is_problem(comparison_post(api, "../../etc/passwd"), 400)
    broken = api.post("/api/v1/comparisons/", '{"image": ', content_type="application/json")
    is_problem(broken, 400)
    a_list = api.post("/api/v1/comparisons/", "[1]", content_type="application/json")
    is_problem(a_list, 400)


def test_fields_that_are_not_the_callers_are_ignored(
    api: APIClient, image: Image, checkpoints: list[Checkpoint]
) -> None:
    user = User.objects.create_user("ann")
    body = {"image": str(image.pk), "models": KEYS[:1], "owner": user.pk, "state": "DONE"}
    api.post("/api/v1/comparisons/", body, format="json")
    comparison = Comparison.objects.get()
    assert (comparison.owner, comparison.state) == (None, "QUEUED")
    detail = f"/api/v1/comparisons/{comparison.pk}/"
    for method in (api.patch, api.put, api.delete, api.post):
        is_problem(method(detail, {"state": "DONE"}, format="json"), 405)


def test_idempotency_key(api: APIClient, image: Image, checkpoints: list[Checkpoint]) -> None:
    answers = [comparison_post(api, image.pk, **{"Idempotency-Key": "k1"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Comparison.objects.count() == 1
    comparison_post(api, image.pk, **{"Idempotency-Key": "k2"})
    assert Comparison.objects.count() == 2
    is_problem(comparison_post(api, image.pk, **{"Idempotency-Key": "k" * 256}), 400)


# masks


@pytest.fixture
def done(
    image: Image, checkpoints: list[Checkpoint], execute_all: Callable[[Comparison], None]
) -> Prediction:
    """A prediction that is done."""
    comparison = comparison_create(image=image, models=KEYS[:1])
    execute_all(comparison)
    return comparison.predictions.get()


def mask_get(api: APIClient, prediction: Prediction, **query: str) -> Any:
    return api.get(f"/api/v1/predictions/{prediction.pk}/mask/", query)


def test_mask_formats(api: APIClient, done: Prediction) -> None:
    mask = np.asarray(opened(done.mask))
    png = mask_get(api, done)
    assert png["Content-Type"] == "image/png"
    assert np.array_equal(Picture.open(io.BytesIO(content(png))), mask)

    overlay = np.asarray(
        Picture.open(io.BytesIO(content(mask_get(api, done, **{"as": "overlay"}))))
    )
    mixed = (np.asarray(noise()) + colourise(mask, done.checkpoint.classes).astype(float)) / 2
    assert np.abs(overlay - mixed).max() <= 0.5

    coco = mask_get(api, done, **{"as": "coco"})
    assert coco["Content-Type"] == "application/json"
    document = json.loads(content(coco))
    assert [a["area"] for a in document["annotations"]] == [8 * 24, 8 * 24]
    assert [c["name"] for c in document["categories"]] == ["sky", "road", "car"]

    with np.load(io.BytesIO(content(mask_get(api, done, **{"as": "npz"})))) as top3:
        assert np.array_equal(top3["classes"][0], mask)
        assert top3["probabilities"].shape == (3, 16, 24)

    assert "overlay" in is_problem(mask_get(api, done, **{"as": "exe"}), 400)


def test_every_file_is_served_with_a_fixed_type(api: APIClient, done: Prediction) -> None:
    for kind in downloads.MASK_FORMATS:
        response = mask_get(api, done, **{"as": kind})
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Type"] in (
            "image/png",
            "application/json",
            "application/octet-stream",
            "application/zip",
        )
        assert content(response)


def test_a_mask_that_is_not_there_yet(
    api: APIClient, image: Image, checkpoints: list[Checkpoint]
) -> None:
    comparison = comparison_create(image=image, models=KEYS[:1])
    is_problem(mask_get(api, comparison.predictions.get()), 404)


# lists


def test_models(api: APIClient, checkpoints: list[Checkpoint]) -> None:
    Checkpoint.objects.filter(key=KEYS[2]).update(withdrawn_at="2026-11-23T00:00:00Z")
    body = api.get("/api/v1/models/").json()
    assert [model["key"] for model in body] == KEYS[:2]
    assert {"id", "key", "architecture", "dataset", "variant", "classes"} <= set(body[0])
    assert {"parameters", "gmacs", "miou"} <= set(body[0])
    assert body[0]["dataset"] == "camvid"
    assert body[0]["classes"][1] == {"id": 1, "name": "road", "colour": "#5b4f9c"}


def test_datasets(api: APIClient, dataset: Dataset) -> None:
    (body,) = api.get("/api/v1/datasets/").json()
    assert (body["slug"], body["ignore_index"], len(body["classes"])) == ("camvid", 255, 3)


def test_lists_take_a_fixed_number_of_queries(
    api: APIClient,
    image: Image,
    checkpoints: list[Checkpoint],
    django_assert_max_num_queries: Any,
) -> None:
    comparison = comparison_create(image=image)
    with django_assert_max_num_queries(5):
        api.get(f"/api/v1/comparisons/{comparison.pk}/")
    with django_assert_max_num_queries(2):
        api.get("/api/v1/models/")


# errors


@pytest.mark.parametrize(
    "path", ["", "nothing/", "comparisons/1/", f"comparisons/{UUID(int=1)}/", "predictions/x/mask/"]
)
def test_nothing_there(path: str, api: APIClient, db: None) -> None:
    is_problem(api.get(f"/api/v1/{path}"), 404)


def test_wrong_methods(api: APIClient, db: None) -> None:
    response = api.delete("/api/v1/images/")
    is_problem(response, 405)
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    is_problem(api.post("/api/v1/models/"), 405)
    is_problem(api.delete("/api/v1/datasets/"), 405)


def test_a_locked_database(api: APIClient, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(compare_api, "comparison_create", locked)
    response = comparison_post(api, image.pk)
    assert "busy" in is_problem(response, 503)
    assert int(response["Retry-After"]) > 0


def test_anonymous_visitors_are_throttled_when_they_make_things(
    api: APIClient, image: Image, checkpoints: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"anon": "2/min"})
    for _ in range(2):
        assert comparison_post(api, image.pk).status_code == 202
    response = comparison_post(api, image.pk)
    is_problem(response, 429)
    assert int(response["Retry-After"]) > 0
    assert api.get(f"/api/v1/comparisons/{Comparison.objects.first().pk}/").status_code == 200


def test_the_schema_and_its_page(api: APIClient, db: None) -> None:
    schema = api.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    paths = {
        "models",
        "datasets",
        "images",
        "images/{id}/file",
        "comparisons",
        "images/{id}/truth",
        "comparisons/{id}",
        "comparisons/{id}/truth",
        "comparisons/{id}/agreement",
        "predictions/{id}/mask",
        "predictions/{id}/insides",
        "comparisons/{id}/ensembles",
        "ensembles/{id}",
        "ensembles/{id}/mask",
        "insides/{id}",
        "insides/{id}/strip/{number}",
        "insides/{id}/heat",
        "batches",
        "batches/{id}",
        "batches/{id}/results",
    }
    assert {f"/api/v1/{path}/" for path in paths} <= set(schema["paths"])
    page = api.get("/api/v1/docs/").content.decode()
    assert "swagger" in page
    assert "//cdn" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert "<script>" not in page


# who


def test_token_and_session(api: APIClient, image: Image, checkpoints: list[Checkpoint]) -> None:
    user = User.objects.create_user("ann", password="secret")
    api.credentials(HTTP_AUTHORIZATION=f"Token {token_make(user=user, name='mine')}")
    comparison_post(api, image.pk)
    assert Comparison.objects.get().owner == user
    api.credentials(HTTP_AUTHORIZATION="Token wrong")
    is_problem(comparison_post(api, image.pk), 401)
    api.credentials()
    api.login(username="ann", password="secret")
    assert "CSRF" in is_problem(comparison_post(api, image.pk), 403)
    assert Comparison.objects.count() == 1


def test_without_anonymous_visitors(
    api: APIClient, image: Image, checkpoints: list[Checkpoint], settings: Settings
) -> None:
    settings.ALLOW_ANONYMOUS = False
    is_problem(image_post(api), 401)
    is_problem(comparison_post(api, image.pk), 401)
    user = User.objects.create_user("ann")
    api.credentials(HTTP_AUTHORIZATION=f"Token {token_make(user=user, name='mine')}")
    assert comparison_post(api, image.pk).status_code == 202


# lists


def test_ones_own_things_page_by_page(
    api: APIClient, checkpoints: list[Checkpoint], django_assert_max_num_queries: Any
) -> None:
    ann, ben = (User.objects.create_user(name) for name in ("ann", "ben"))
    for user in (ann, ben, None):
        for seed in range(3):
            made = image_create(file=upload(noise(seed=seed)), owner=user)
            comparison_create(image=made, models=KEYS[:2], owner=user)
            batch_create(files=[upload(noise())], models=KEYS[:1], owner=user)
    for kind, model in (("images", Image), ("comparisons", Comparison), ("batches", Batch)):
        assert api.get(f"/api/v1/{kind}/").json()["results"] == []  # nobody's are not listed
        mine = APIClient()
        mine.force_authenticate(ann)
        address, seen = f"/api/v1/{kind}/?limit=2", []
        while address:
            with django_assert_max_num_queries(7):
                page = mine.get(address).json()
            seen += [row["id"] for row in page["results"]]
            address = page["next"]
        newest = model.objects.filter(owner=ann).order_by("-created_at", "-id")
        assert seen == [str(pk) for pk in newest.values_list("pk", flat=True)]
        assert page["count"] == 3

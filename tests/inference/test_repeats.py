"""Under one Idempotency-Key every POST of the API is carried out once, whatever it makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from PIL import Image as Picture
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference.comparisons import comparison_create
from inference.images import api as images_api
from inference.images.services import image_create
from inference.models import Comparison, Image
from segweb.http.answers import repeats
from segweb.http.problems import KEY_IN_FLIGHT, KEY_REUSED
from segweb.jobs import State
from segweb.models import KeptAnswer
from tests.experiments.datasets.test_import import zipped
from tests.experiments.factories import run_make
from tests.inference.pictures import encoded, noise, upload
from tests.models_zoo.fixtures import draw_folder

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "f2b1b7c4"}


def posts() -> list[str]:
    """Every address of the schema that takes a POST and makes something by it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    taking = {path for path, operations in schema["paths"].items() if "post" in operations}
    return sorted(taking - {"/api/v1/live/"})


@pytest.fixture
def staff() -> APIClient:
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("staff"))
    return api


@pytest.fixture
def requests(
    checkpoints: list[Checkpoint],
    execute_all: Callable[[Comparison], None],
    truth: np.ndarray,
    staff: APIClient,
    tmp_path: Path,
) -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
    """By address: where to send, what, and another body. A new POST needs a line here."""
    image = image_create(file=upload(noise()))
    comparison = comparison_create(image=image)
    execute_all(comparison)
    ids = [str(prediction.pk) for prediction in comparison.predictions.all()]
    run = run_make(data="scenes", config={})
    stopped = run_make(state=State.STOPPED, data="scenes", config={})
    external = run_make(kind="external", planned=9)
    owner = User.objects.get(username="staff")
    bare = comparison_create(image=image_create(file=upload(noise()), owner=owner), owner=owner)
    draw_folder(tmp_path / "streets", train=3, val=2)
    archive = zipped(tmp_path / "streets")
    external_run = {"kind": "external", "architecture": "mine"}
    new = {"file": lambda: upload(noise(seed=5))}
    return {
        "images/": ("images/", new, {"file": lambda: upload(noise(seed=6))}),
        "batches/": (
            "batches/",
            {"files": lambda: upload(noise(seed=5))},
            {"files": lambda: upload(noise(seed=6))},
        ),
        "datasets/": (
            "datasets/",
            {"file": lambda: upload(archive, "a.zip")},
            {"file": lambda: upload(archive + b"\0", "a.zip")},
        ),
        "models/imports/": (
            "models/imports/",
            {"file": lambda: upload(b"network", "a.onnx"), "classes": "road"},
            {"file": lambda: upload(b"network", "a.onnx"), "classes": "sky"},
        ),
        "models/exports/": (
            "models/exports/",
            {"model": comparison.predictions.first().checkpoint.key, "form": "onnx"},
            {"model": comparison.predictions.first().checkpoint.key, "form": "torch"},
        ),
        "models/masks/": (
            "models/masks/",
            {"file": lambda: upload(archive, "a.zip"), "name": "Theirs", "dataset": "scenes"},
            {"file": lambda: upload(archive, "a.zip"), "name": "Ours", "dataset": "scenes"},
        ),
        "comparisons/": (
            "comparisons/",
            {"image": str(image.pk)},
            {"image": str(image.pk), "scale": "tiles"},
        ),
        "comparisons/{id}/ensembles/": (
            f"comparisons/{comparison.pk}/ensembles/",
            {"members": ids},
            {"members": ids, "combine": "product"},
        ),
        "comparisons/{id}/truth/": (
            f"comparisons/{bare.pk}/truth/",
            {"mask": lambda: upload(Picture.fromarray(truth)), "mask_dataset": "camvid"},
            {"mask": lambda: upload(Picture.fromarray(truth * 0)), "mask_dataset": "camvid"},
        ),
        "predictions/{id}/insides/": (
            f"predictions/{ids[0]}/insides/",
            {"x": 1, "y": 1},
            {"x": 2, "y": 1},
        ),
        "runs/": ("runs/", external_run, external_run | {"seed": 1}),
        "runs/tags/": (
            "runs/tags/",
            {"runs": [run.pk], "add": ["a"]},
            {"runs": [run.pk], "add": ["b"]},
        ),
        "runs/delete/": (
            "runs/delete/",
            {"runs": [run_make(state=State.STOPPED).pk]},
            {"runs": [run_make(state=State.STOPPED).pk]},
        ),
        "runs/{id}/clone/": (f"runs/{run.pk}/clone/", {"seed": 5}, {"seed": 6}),
        "runs/{id}/stop/": (f"runs/{external.pk}/stop/", {}, {"why": "it is late"}),
        "runs/{id}/resume/": (f"runs/{stopped.pk}/resume/", {}, {"epochs": 99}),
        "runs/{id}/epochs/": (
            f"runs/{run_make(kind='external', planned=9).pk}/epochs/",
            {"epoch": 4, "miou": 0.5},
            {"epoch": 5, "miou": 0.5},
        ),
    }


def post(api: APIClient, address: str, body: dict[str, Any], **headers: str) -> Any:
    """As JSON, or as a form where there are files, which each request opens anew."""
    files = {name: value() for name, value in body.items() if callable(value)}
    form = "multipart" if files else "json"
    return api.post(f"/api/v1/{address}", body | files, format=form, headers=KEY | headers)


def rows() -> dict[str, int]:
    """How many there are of everything that a request could make."""
    labels = ("inference", "experiments")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    return {model.__name__: model._default_manager.count() for model in models}


def test_every_post_says_in_the_schema_that_it_heeds_the_key() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert len(posts()) >= 11
    for path in posts():
        operation = schema["paths"][path]["post"]
        assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}
        assert {"409", "422"} <= operation["responses"].keys(), path


@pytest.mark.parametrize("path", [path.removeprefix("/api/v1/") for path in posts()])
def test_a_post_under_one_key_is_carried_out_once(
    path: str, requests: dict[str, Any], staff: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, body, other = requests[path]
    before = rows()
    first = post(staff, address, body)
    assert 200 <= first.status_code < 300, first.content
    made = rows()
    assert made != before or path.endswith(("stop/", "resume/", "tags/"))
    again = post(staff, address, body)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("Location") == first.headers.get("Location")
    refused = post(staff, address, other)
    assert (refused.status_code, refused.json()["type"]) == (422, KEY_REUSED.type)
    assert rows() == made

    # While it is being carried out.
    monkeypatch.setattr(repeats, "PATIENCE", ())
    KeptAnswer.objects.update(status=None)
    early = post(staff, address, body)
    assert (early.status_code, early.json()["type"]) == (409, KEY_IN_FLIGHT.type)
    assert int(early["Retry-After"]) > 0

    # Its process died before the answer was kept: what was made is found again.
    KeptAnswer.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))
    found = post(staff, address, body)
    assert rows() == made
    if not path.endswith(("resume/", "truth/")):  # which say that it has been done
        assert 200 <= found.status_code < 300
        assert found.json().get("id") == first.json().get("id")

    # A key is its owner's.
    someone = APIClient()
    someone.force_authenticate(User.objects.create_superuser("other"))
    theirs = post(someone, address, other)
    assert theirs.status_code not in (409, 422) or path.endswith("resume/"), theirs.content


def test_what_was_refused_is_carried_out_once_it_is_mended(staff: APIClient) -> None:
    wrong = post(staff, "runs/", {"kind": "external"})
    assert wrong.status_code == 400
    right = post(staff, "runs/", {"kind": "external", "architecture": "mine"})
    assert right.status_code == 201
    assert KeptAnswer.objects.count() == 1


def test_a_fault_of_the_program_leaves_the_key_free(
    staff: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Image:
        raise RuntimeError

    body = {"file": lambda: upload(noise())}
    with monkeypatch.context() as patched:
        patched.setattr(images_api, "image_create", broken)
        with pytest.raises(RuntimeError):
            post(staff, "images/", body)
    assert post(staff, "images/", body).status_code == 201


def test_answers_are_kept_for_a_day(staff: APIClient) -> None:
    post(staff, "images/", {"file": lambda: upload(noise())})
    KeptAnswer.objects.update(claimed_at=timezone.now() - timedelta(days=2))
    body = {"file": lambda: upload(noise())}
    post(staff, "images/", body, **{"Idempotency-Key": "another"})
    assert KeptAnswer.objects.count() == 1


def test_visitors_without_a_session_are_told_apart_by_their_address(db: None) -> None:
    ids = set()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        api = APIClient(REMOTE_ADDR=address)
        answer = post(api, "images/", {"file": lambda: upload(noise())})
        assert answer.status_code == 201
        ids.add(answer.json()["id"])
    assert len(ids) == 2


def test_a_form_with_another_boundary_is_the_same_body(staff: APIClient) -> None:
    made = set()
    for boundary in ("one", "two"):
        body = (
            (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
                "Content-Type: image/png\r\n\r\n"
            ).encode()
            + encoded(noise())
            + f"\r\n--{boundary}--\r\n".encode()
        )
        kind = f"multipart/form-data; boundary={boundary}"
        answer = staff.post("/api/v1/images/", body, content_type=kind, headers=KEY)
        assert answer.status_code == 201, answer.content
        made.add(json.dumps(answer.json()))
    assert len(made) == 1


@pytest.mark.django_db(transaction=True)
def test_one_key_twenty_times_at_once_makes_one_image() -> None:
    user = User.objects.create_user("ann")

    def send(_: int) -> tuple[int, str | None]:
        try:
            api = APIClient()
            api.force_authenticate(user)
            answer = post(api, "images/", {"file": lambda: upload(noise())})
            return answer.status_code, answer.json().get("id")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(send, range(20)))
    assert {status for status, _ in answers} <= {201, 409, 503}
    assert Image.objects.count() == 1
    assert {made for status, made in answers if status == 201} == {str(Image.objects.get().pk)}

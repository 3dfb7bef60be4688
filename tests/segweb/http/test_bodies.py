"""Whatever a body of a request holds, the answer is no fault of the server's: on both databases."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.live import services as live
from inference.pace import WriteThrottle
from tests.experiments.factories import checkpoint_make, dataset_make, run_make
from tests.generated import generated
from tests.inference.pictures import encoded, noise, upload
from tests.malformed import as_form, as_json, as_parts, changed, written

API = "/api/v1/"
RUN = {
    "architecture": "unet",
    "variant": "slim",
    "dataset": "scenes",
    "epochs": 1,
    "seed": 0,
    "gpus": 1,
    "name": "a",
    "notes": "b",
    "tags": ["c"],
    "pretrained": False,
    "loss": "cross_entropy",
    "config": {
        "batch": 2,
        "crop": [32, 32],
        "lr": 0.1,
        "jitter": 0.3,
        "options": {},
        "teacher": "",
        "start": "",
        "pseudo": "",
        "precision": "fp32",
    },
}
EPOCH = {
    "epoch": 1,
    "loss": 0.5,
    "miou": 0.5,
    "per_class_iou": [0.1, None, 0.3],
    "confusion": [[3, 0, 0], [0, 2, 1], [1, 0, 4]],
    "own": 3.5,
    "many": [1.0, 2.0],
}
DESCRIPTION = {"classes": ["sky", {"name": "road", "colour": "#123456"}], "ignore_index": 255}


def bodies() -> dict[str, Any]:
    """A sound body of every address that takes one, by method and address."""
    dataset = dataset_make()
    checkpoint, other = (checkpoint_make(dataset=dataset, key=f"streets-{n}-slim") for n in "ab")
    owner = User.objects.filter(username="root").first()
    image = image_create(file=upload(noise()), owner=owner)
    comparison = comparison_create(image=image, models=[checkpoint.key, other.key], owner=owner)
    comparison.predictions.update(state="DONE", mask="m", top3="t")
    prediction, second = comparison.predictions.all()
    run = run_make(dataset=dataset)
    reporting = run_make(dataset=dataset, kind="external", epochs=1, planned=5)
    picture, mask = upload(noise()), upload(Image.new("L", (24, 16), 1))
    frame = encoded(Image.new("RGB", (480, 320)), "JPEG")
    return {
        "post runs/": RUN,
        "post runs/ external": RUN | {"kind": "external", "dataset": dataset.slug},
        "post runs/tags/": {"runs": [run.pk], "add": ["d"], "remove": ["c"]},
        "post runs/delete/": {"runs": [run.pk]},
        f"patch runs/{run.pk}/": {"name": "a", "notes": "b", "tags": ["c"]},
        f"post runs/{run.pk}/clone/": RUN | {"group": str(UUID(int=7))},
        f"post runs/{run.pk}/resume/": {"epochs": 9},
        f"post runs/{run.pk}/stop/": {},
        f"delete runs/{run.pk}/": {},
        f"post runs/{reporting.pk}/epochs/": EPOCH,
        "post comparisons/": {"image": str(image.pk), "models": [checkpoint.key], "scale": "model"},
        f"post comparisons/{comparison.pk}/ensembles/": {
            "members": [str(prediction.pk), str(second.pk)],
            "weights": [1.0, 2.0],
            "combine": "mean",
        },
        f"post comparisons/{comparison.pk}/truth/": {"mask": mask, "mask_dataset": dataset.slug},
        f"post predictions/{prediction.pk}/insides/": {"x": 1, "y": 2},
        "post images/": {"file": picture, "mask": mask, "mask_dataset": dataset.slug},
        "post batches/": {
            "files": [picture],
            "models": [checkpoint.key],
            "scale": "model",
            "mask_dataset": dataset.slug,
            "name": "a",
        },
        "post live/": {"models": [checkpoint.key], "frame": upload(frame, "frame.jpg")},
        "post datasets/": {"file": upload(described(DESCRIPTION), "data.zip")},
        "post models/imports/": {
            "file": upload(b"network", "network.onnx"),
            "classes": "road",
            "mean": "0",
            "std": "1",
            "score": False,
        },
        "post models/exports/": {"model": checkpoint.key, "form": "onnx"},
        "post models/masks/": {
            "file": upload(described(DESCRIPTION), "masks.zip"),
            "name": "Theirs",
            "dataset": "scenes",
            "split": "val",
        },
        f"delete images/{image.pk}/": {},
        f"delete batches/{UUID(int=1)}/": {},
    }


def described(description: Any) -> bytes:
    """A zip that holds no more than a classes.json."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("classes.json", written(description))
    return buffer.getvalue()


@pytest.fixture
def client(db: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Someone who may do everything, as often as they like; faults are answers."""
    monkeypatch.setattr(WriteThrottle, "allow_request", lambda *_: True)
    # No worker is there that could see a frame.
    monkeypatch.setattr(live, "frame_pass", lambda **_: {"masks": []})
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root"))
    return client


def ask(client: Client, address: str, content: Any, kind: str) -> int:
    """The status of a request, whose effects are undone; a success, or a problem that is told."""
    method, path = address.split()[:2]
    with transaction.atomic():
        answer = client.generic(method.upper(), API + path, content, content_type=kind)
        transaction.set_rollback(True)
    assert answer.status_code < 500, (address, content[:2000], answer.content[:2000])
    if answer.status_code >= 400:
        told = json.loads(answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        assert told["detail"].strip()
    return answer.status_code


def test_every_address_that_takes_a_body_is_among_these(db: None) -> None:
    numbered = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    known = {
        f"{method} {path.removeprefix(API)}"
        for path, methods in numbered.items()
        for method in methods
        if method != "get"
    }
    ours = {" ".join(address.split()[:2]) for address in bodies()}

    assert {re.sub(r"/[0-9a-f-]*\d[0-9a-f-]*/", "/{id}/", address) for address in ours} == known


@pytest.fixture
def sound(client: Client) -> dict[str, Any]:
    """The sound bodies, in a database that has what they name."""
    return bodies()


def test_sound_bodies_are_taken(client: Client, sound: dict[str, Any]) -> None:
    """Else the tests below would look at refusals only."""
    for address, body in sound.items():
        content, kind = as_json(body) or as_parts(body)
        status = ask(client, address, content, kind)
        # Nothing to resume, no images in the zip, no batch.
        refused = ("resume", "datasets", "batches/0")
        assert status < 300 or any(part in address for part in refused), (address, status)


@pytest.mark.slow
@generated(40)
@given(data=st.data())
def test_json(client: Client, sound: dict[str, Any], data: st.DataObject) -> None:
    taken = {address: body for address, body in sound.items() if as_json(body)}
    address = data.draw(st.sampled_from(list(taken)))
    body = written(changed(data, taken[address]))
    ask(client, address, body, "application/json")


@pytest.mark.slow
@generated(40)
@given(data=st.data())
def test_forms(client: Client, sound: dict[str, Any], data: st.DataObject) -> None:
    address = data.draw(st.sampled_from(list(sound)))
    body = changed(data, sound[address])
    if not isinstance(body, dict):
        body = {"file": body}
    encode = data.draw(st.sampled_from([as_parts, as_form]))
    ask(client, address, *encode(body))

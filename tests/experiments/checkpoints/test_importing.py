"""Networks from elsewhere by page and REST: looked at by a worker, then on offer like any other."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from experiments.models import Checkpoint, NetworkImport
from models_zoo.data.scenes import CLASSES
from models_zoo.exchange.asked import asked_of
from segweb.env import BASE_DIR
from segweb.http.tokens import token_make
from segweb.jobs import State, job_execute
from segweb.jobs.files import folder_list
from tests.experiments.factories import checkpoint_make, dataset_make
from tests.experiments.visiting import url
from tests.models_zoo.exchange.drawn import FREE, colours, graph_of, score, write

pytestmark = pytest.mark.django_db

IMPORTS = "/api/v1/models/imports/"
ASKED = {"classes": "dark\nred\ngreen\nblue", "mean": "0", "std": "1", "input_size": "48,64"}


@pytest.fixture
def staff(db: None) -> APIClient:
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("staff", password="x"))
    return api


def send(api: APIClient, content: bytes, name: str = "tints.onnx", **asked: Any) -> dict[str, Any]:
    """The import as it ended."""
    file = SimpleUploadedFile(name, content)
    answer = api.post(IMPORTS, {"file": file, **ASKED, **asked}, format="multipart")
    assert answer.status_code == 202, answer.json()
    job_execute(model=NetworkImport, pk=answer.json()["id"], device="test")
    told: dict[str, Any] = api.get(answer["Location"]).json()
    return told


def test_what_the_api_document_sends_is_taken_and_answered_as_it_says(db: None) -> None:
    document = (BASE_DIR / "docs" / "api.md").read_text()
    (curl,) = re.findall(r"```sh\n(curl [^`]*/models/imports/)\n```", document)
    (shown,) = re.findall(r"```json\n(\{[^`]*\})\n```", document)
    words = shlex.split(curl.replace("\\\n", " "))
    given = dict(w.split("=", 1) for flag, w in pairwise(words) if flag == "-F")
    file = given.pop("file").removeprefix("@")
    owner = User.objects.create_superuser("staff", password="x")
    token = token_make(user=owner, name="document")
    header = words[words.index("-H") + 1].partition(": ")[2].replace("$TOKEN", token)
    api = APIClient(headers={"Authorization": header})
    form = {"file": SimpleUploadedFile(file, b"x"), **given}
    answer = api.post(words[-1].removeprefix("$HOST"), form, format="multipart")
    assert answer.status_code == 202
    told, expected = answer.json(), json.loads(shown)
    assert expected.keys() == told.keys()
    assert [name for name in told if told[name] != expected[name]] == ["id", "url"]
    assert told["url"] == answer["Location"]
    # What was sent is what is asked for.
    asked = asked_of(NetworkImport.objects.get().options, {}, Path(file))
    assert [entry["name"] for entry in asked.classes] == ["dark", "red", "green", "blue"]
    assert (asked.mean, asked.std, asked.input_size) == ([0.0] * 3, [1.0] * 3, (48, 64))


@pytest.mark.slow
def test_a_network_becomes_a_checkpoint_on_offer(staff: APIClient, tmp_path: Path) -> None:
    content = colours(tmp_path / "net.onnx").read_bytes()
    told = send(staff, content)
    assert (told["state"], told["error"], told["key"]) == ("DONE", None, "tints-tints-imported")
    assert {entry["name"] for entry in told["seen"]} <= {"dark", "red", "green", "blue"}
    offered = {one["key"]: one for one in staff.get("/api/v1/models/").json()}
    assert offered["tints-tints-imported"]["parameters"] == 16
    checkpoint = Checkpoint.objects.get()
    assert checkpoint.file.name == f"checkpoints/{checkpoint.sha256}.onnx"
    assert checkpoint.imported
    with checkpoint.file.open() as kept:
        assert kept.read() == content
    # The upload is gone, its picture stays.
    row = NetworkImport.objects.get()
    assert folder_list(row.folder) == ([], [row.picture.name.rpartition("/")[2]])
    page = Client()
    page.force_login(User.objects.get())
    shown = page.get(url("network-import", row.pk)).content.decode()
    assert "It is on offer as tints-tints-imported" in shown
    picture = page.get(url("network-picture", row.pk))
    assert picture["Content-Type"] == "image/png"
    assert b"".join(picture).startswith(b"\x89PNG")
    models = page.get("/models/").content.decode()
    assert "imported, training unknown" in models
    assert url("network-new") in models
    # Another file of that name takes its place.
    again = send(staff, colours(tmp_path / "net.onnx", note="2").read_bytes())
    assert again["state"] == "DONE"
    assert Checkpoint.objects.offered().count() == 1


@pytest.mark.slow
def test_it_is_scored_where_its_classes_are_those_of_a_data_set(
    staff: APIClient, tmp_path: Path
) -> None:
    dataset = dataset_make(slug="scenes", classes=CLASSES, ignore_index=255)
    rng = np.random.default_rng(0)
    tensors = (
        ("kernel", rng.normal(size=(16, 3, 1, 1)).astype(np.float32)),
        ("bias", np.zeros(16, np.float32)),
    )
    graph = graph_of([score()], output=("N", 16, "h", "w"), given=FREE, tensors=tensors)
    file = SimpleUploadedFile("net.onnx", write(tmp_path / "net.onnx", graph).read_bytes())
    asked = ASKED | {"classes": "", "dataset": "scenes", "score": "true", "file": file}
    pk = staff.post(IMPORTS, asked, format="multipart").json()["id"]
    rows = NetworkImport.objects.filter(pk=pk)
    assert rows.values_list("data", flat=True)[0] == "scenes"
    rows.update(data="scenes:48x64:20")  # two scenes are enough
    job_execute(model=NetworkImport, pk=pk, device="test")
    assert staff.get(f"{IMPORTS}{pk}/").json()["error"] is None
    checkpoint = Checkpoint.objects.get()
    assert checkpoint.dataset == dataset
    evaluation = checkpoint.evaluation
    assert evaluation is not None
    assert (evaluation.split, evaluation.images) == ("test", 2)
    assert evaluation.protocol["training"] == "imported, unknown"
    assert len(evaluation.image_counts.table) == 2
    board = Client()
    board.force_login(User.objects.get())
    shown = board.get("/leaderboard/").content.decode()
    assert "net" in shown
    assert "imported" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "asked", "sentence"),
    [
        (b"GIF89a", {}, "network.onnx: it is no ONNX file"),
        (None, {"mean": ""}, "Say the mean"),
        (None, {"classes": "one\ntwo"}, "gives 4 classes, and the class list has 2"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stays(
    content: bytes | None, asked: dict[str, str], sentence: str, staff: APIClient, tmp_path: Path
) -> None:
    told = send(staff, content or colours(tmp_path / "n.onnx").read_bytes(), **asked)
    assert told["state"] == "FAILED"
    assert sentence in told["error"]
    assert str(default_storage.path("")) not in told["error"]
    assert folder_list(NetworkImport.objects.get().folder) == ([], [])
    assert folder_list("checkpoints") == ([], [])
    assert not Checkpoint.objects.exists()


@pytest.mark.slow
def test_a_network_never_takes_the_place_of_one_that_was_trained_here(
    staff: APIClient, tmp_path: Path
) -> None:
    checkpoint_make(key="tints-tints-imported")
    told = send(staff, colours(tmp_path / "net.onnx").read_bytes())
    assert "another model of the key tints-tints-imported" in told["error"]
    assert Checkpoint.objects.get().superseded_at is None


def test_only_who_manages_brings_networks(client: Client) -> None:
    reader = User.objects.create_user("reader")
    row = NetworkImport.objects.create(network="x", name="secret")
    for user, status in ((None, 401), (reader, 403)):
        if user:
            client.force_login(user)
        assert client.post(IMPORTS, {"file": ContentFile(b"x", "x.onnx")}).status_code == status
        for name in ("network-import", "network-picture"):
            assert client.get(url(name, row.pk)).status_code == 404
        assert client.get(url("network-new")).status_code == 404
        assert url("network-new") not in client.get("/models/").content.decode()
    assert NetworkImport.objects.count() == 1


def test_the_pages_say_how_far_it_is(admin_client: Client) -> None:
    dataset_make(slug="scenes")
    new = admin_client.get(url("network-new")).content.decode()
    assert 'value="scenes"' in new
    row = NetworkImport.objects.create(network="x", name="net.onnx")
    for state, words in (
        (State.QUEUED, "Waits for a training worker"),
        (State.RUNNING, "being looked at"),
        (State.FAILED, "no ONNX file"),
        (State.DONE, "no longer here"),
    ):
        NetworkImport.objects.update(state=state, error="it is no ONNX file" * (state == "FAILED"))
        assert words in admin_client.get(url("network-import", row.pk)).content.decode()
        assert admin_client.get(url("network-import", row.pk, seen=state)).status_code == 204
    assert admin_client.get(url("network-picture", row.pk)).status_code == 404


def test_to_be_scored_it_needs_a_data_sets_classes(staff: APIClient) -> None:
    asked = ASKED | {"file": SimpleUploadedFile("n.onnx", b"x"), "score": "true"}
    answer = staff.post(IMPORTS, asked, format="multipart")
    assert answer.status_code == 400
    assert "needs the classes of a data set" in str(answer.json())
    assert folder_list("network-imports") == ([], [])

"""Checkpoints as files that run without SegWeb, by page and REST: written by a worker, fetched."""

from __future__ import annotations

import re
import shlex
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import onnx
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Checkpoint, NetworkExport
from experiments.records.checkpoints import checkpoint_import
from segweb.env import BASE_DIR
from segweb.http.tokens import token_make
from segweb.jobs import State, job_execute
from segweb.jobs.files import folder_list
from tests.experiments.factories import checkpoint_make, run_make
from tests.experiments.visiting import url
from tests.models_zoo.fixtures import write_checkpoint

pytestmark = pytest.mark.django_db

EXPORTS = "/api/v1/models/exports/"


@pytest.fixture
def ann(db: None) -> User:
    user = User.objects.create_user("ann")
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    return user


@pytest.fixture
def api(ann: User) -> APIClient:
    client = APIClient()
    client.force_login(ann)
    return client


def ask(api: APIClient, key: str, form: str = "onnx", code: int = 202) -> dict[str, Any]:
    answer = api.post(EXPORTS, {"model": key, "form": form}, format="json")
    assert answer.status_code == code, answer.json()
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_model_is_written_compared_and_fetched(api: APIClient, tmp_path: Path) -> None:
    terms = {"slug": "camvid", "title": "CamVid", "licence": "CC BY-NC 4.0", "source": "there"}
    told_of = {"dataset": terms, "parameters": 1, "gmacs": 1.0, "scores": []}
    weights, sidecar = write_checkpoint(tmp_path, **told_of)
    checkpoint_import(sidecar=sidecar, weights=weights, shipped=True)
    told = ask(api, "camvid-unet-slim")
    assert (told["state"], told["file_url"]) == ("QUEUED", None)
    job_execute(model=NetworkExport, pk=told["id"], device="test")
    told = api.get(told["url"]).json()
    assert (told["state"], told["error"], told["size"]) == ("DONE", None, None)
    assert told["alike"] > 0.999
    fetched = api.get(told["file_url"])
    assert 'filename="camvid-unet-slim.onnx"' in fetched["Content-Disposition"]
    model = onnx.load_from_string(b"".join(fetched))
    assert {one.key: one.value for one in model.metadata_props}["key"] == "camvid-unet-slim"
    page = api.get(url("network-export", told["id"])).content.decode()
    assert "Download camvid-unet-slim.onnx" in page
    assert "images of any size" in page
    # What is there is not written again; another form is.
    assert ask(api, "camvid-unet-slim")["id"] == told["id"]
    other = ask(api, "camvid-unet-slim", "openvino")
    job_execute(model=NetworkExport, pk=other["id"], device="test")
    content = b"".join(api.get(api.get(other["url"]).json()["file_url"]))
    with ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["camvid-unet-slim.bin", "camvid-unet-slim.xml"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_cannot_be_written_is_said_and_leaves_nothing(api: APIClient) -> None:
    checkpoint_make(key="camvid-unet-slim")  # whose file holds no weights
    told = ask(api, "camvid-unet-slim")
    job_execute(model=NetworkExport, pk=told["id"], device="test")
    row = NetworkExport.objects.get()
    assert row.state == State.FAILED
    assert row.error
    assert str(default_storage.path("")) not in row.error
    assert folder_list(row.folder) == ([], [])
    assert ask(api, "camvid-unet-slim")["id"] != told["id"]  # what failed may be tried again


def exported(checkpoint: Checkpoint, **fields: Any) -> NetworkExport:
    row = NetworkExport(checkpoint=checkpoint, form="onnx", state=State.DONE, alike=1, **fields)
    row.file = default_storage.save(f"{row.folder}/1.onnx", ContentFile(b"network"))
    row.save()
    return row


def test_a_private_runs_model_is_exported_by_who_reads_it(api: APIClient, ann: User) -> None:
    theirs = checkpoint_make(run=run_make(owner=User.objects.create_user("bob"), private=True))
    row = exported(theirs)
    ask(api, theirs.key, code=400)
    assert api.get(f"{EXPORTS}{row.pk}/").status_code == 404
    for name in ("network-export", "network-export-file"):
        assert api.get(url(name, row.pk)).status_code == 404
    assert (
        api.post(url("network-exports"), {"model": theirs.key, "form": "onnx"}).status_code == 404
    )
    mine = exported(checkpoint_make(run=run_make(owner=ann, private=True), key="mine"))
    assert b"".join(api.get(url("network-export-file", mine.pk))) == b"network"


def test_who_may_not_launch_neither_exports_nor_fetches(client: Client) -> None:
    row = exported(checkpoint_make())
    key = row.checkpoint.key
    for user, code in ((None, 401), (User.objects.create_user("reader"), 403)):
        if user:
            client.force_login(user)
        asked = {"model": key, "form": "torch"}
        assert client.post(EXPORTS, asked, "application/json").status_code == code
        assert client.get(f"{EXPORTS}{row.pk}/").status_code == code
        assert client.get(url("network-export-file", row.pk)).status_code == 403
        assert client.post(url("network-exports"), asked).status_code == 403
        assert url("network-exports") not in client.get("/models/").content.decode()
    assert NetworkExport.objects.count() == 1


def test_the_pages_offer_it_and_say_how_far_it_is(api: APIClient) -> None:
    key = checkpoint_make().key
    assert f'action="{url("network-exports")}"' in api.get("/models/").content.decode()
    answer = api.post(url("network-exports"), {"model": key, "form": "torch"})
    row = NetworkExport.objects.get()
    assert answer["Location"] == url("network-export", row.pk)
    for state, words in (
        (State.QUEUED, "Waits for a training worker"),
        (State.RUNNING, "being written"),
        (State.FAILED, "no weights"),
    ):
        NetworkExport.objects.update(state=state, error="It has no weights." * (state == "FAILED"))
        assert words in api.get(url("network-export", row.pk)).content.decode()
        assert api.get(url("network-export", row.pk, seen=state)).status_code == 204
    assert api.get(url("network-export-file", row.pk)).status_code == 404
    for asked in ({"model": key, "form": "keras"}, {"model": "none", "form": "torch"}):
        assert api.post(url("network-exports"), asked).status_code == 404


def test_the_guides_request_is_taken(ann: User) -> None:
    checkpoint_make(key="camvid-segnet-slim")
    guide = (BASE_DIR / "docs" / "networks.md").read_text()
    commands = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    (words,) = (shlex.split(one) for one in commands if "models/exports/" in one)
    said = words[words.index("-H") + 1].partition(": ")[2]
    token = token_make(user=ann, name="guide")
    client = Client(headers={"Authorization": said.replace("$TOKEN", token)})
    asked = "&".join(word for flag, word in pairwise(words) if flag == "-d")
    form = "application/x-www-form-urlencoded"
    answer = client.post(words[-1].removeprefix("$HOST"), asked, form)
    assert (answer.status_code, answer.json()["form"]) == (202, "onnx")


def test_what_is_not_here_or_came_as_a_file_is_refused(api: APIClient, settings: Settings) -> None:
    checkpoint_make(key="far", file="")
    elsewhere = checkpoint_make(key="elsewhere", architecture="theirs")
    elsewhere.sidecar["onnx"] = {"order": "RGB"}
    elsewhere.save()
    for key, words in (("far", "are not here"), ("elsewhere", "came as an ONNX file")):
        assert words in ask(api, key, code=400)["detail"]
        answer = api.post(url("network-exports"), {"model": key, "form": "onnx"})
        assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert f'value="{elsewhere.key}"' not in api.get("/models/").content.decode()
    settings.QUOTAS = settings.QUOTAS | {("account", "jobs"): 1}
    key = checkpoint_make(key="here").key
    ask(api, key)
    assert "may wait" in ask(api, key, "torch", code=429)["detail"]


def test_a_file_goes_with_its_checkpoint(django_capture_on_commit_callbacks: Any) -> None:
    row = exported(checkpoint_make())
    with django_capture_on_commit_callbacks(execute=True):
        row.checkpoint.delete()
    assert not default_storage.exists(row.folder)

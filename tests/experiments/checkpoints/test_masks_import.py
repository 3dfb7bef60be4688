"""Masks from elsewhere by page and REST: scored by a worker, and ranked with others then."""

from __future__ import annotations

import io
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.board.pairing import pair_of, paired, runs_scored
from experiments.checkpoints import elsewhere
from experiments.models import Checkpoint, MasksImport, Run
from segweb.env import BASE_DIR
from segweb.jobs import State, job_execute
from segweb.jobs.files import folder_list
from tests.experiments.checkpoints.theirs import moved_masks, root_make, zipped
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db

MASKS = "/api/v1/models/masks/"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Settings) -> Path:
    return root_make(tmp_path, settings)


@pytest.fixture
def staff(db: None) -> APIClient:
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("staff", password="x"))
    return api


def post(api: APIClient, content: bytes, **asked: Any) -> Any:
    """The answer to a zip of masks of val."""
    file = SimpleUploadedFile("theirs.zip", content)
    told = {"file": file, "name": "Theirs", "dataset": "folder:mine", "split": "val"}
    return api.post(MASKS, told | asked, format="multipart")


def scored(api: APIClient, content: bytes, **asked: Any) -> dict[str, Any]:
    """The import as it ended."""
    answer = post(api, content, **asked)
    assert answer.status_code == 202, answer.json()
    job_execute(model=MasksImport, pk=answer.json()["id"], device="test")
    told: dict[str, Any] = api.get(answer["Location"]).json()
    return told


def test_a_zip_becomes_a_score_that_is_ranked_and_compared(staff: APIClient) -> None:
    near, far = (
        scored(staff, zipped(moved_masks(rows)), name=name)
        for name, rows in (("Near", 1), ("Far", 6))
    )
    assert (near["state"], near["error"], near["step"], near["steps"]) == ("DONE", None, 2, 2)
    assert near["miou"] > far["miou"] > 0
    runs = [Run.objects.get(pk=told["run"]) for told in (near, far)]
    assert [run.owner.username for run in runs] == ["staff", "staff"]
    pair = pair_of(*runs_scored(runs).values())
    assert (pair.images, paired(pair) is not None) == (2, True)
    page = Client()
    page.force_login(User.objects.get())
    board = page.get(url("leaderboard")).content.decode()
    assert board.index("Near masks") < board.index("Far masks")
    shown = page.get(url("masks-import", near["id"])).content.decode()
    assert url("run", near["run"]) in shown
    assert f"{100 * near['miou']:.1f}" in shown
    # The uploads are gone.
    uploads_gone()
    # The same masks once more are the same score.
    assert scored(staff, zipped(moved_masks(1)), name="Near")["run"] == near["run"]
    Run.objects.all().delete()
    Checkpoint.objects.all().delete()
    assert "no longer here" in page.get(url("masks-import", near["id"])).content.decode()


def test_the_guides_request_is_taken(staff: APIClient) -> None:
    guide = (BASE_DIR / "docs" / "networks.md").read_text()
    commands = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    (curl,) = (command for command in commands if "models/masks/" in command)
    words = shlex.split(curl.replace("\\\n", " "))
    assert words[-1] == f"$HOST{MASKS}"
    asked = dict(word.split("=", 1) for flag, word in pairwise(words) if flag == "-F")
    assert asked.pop("file") == "@theirs.zip"
    told = scored(staff, zipped(moved_masks(1)), **asked | {"dataset": "mine", "split": "val"})
    assert (told["state"], told["name"], told["data"]) == ("DONE", "Theirs", "folder:mine")


def png(mask: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(mask).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"001.png": None}, "1 of the 2 images of 'val' have no mask: 001"),
        ({"more.png": png(np.zeros((24, 32), np.uint8))}, "are of no image of 'val': more.png"),
        ({"001.png": png(np.zeros((12, 16), np.uint8))}, "001.png: it has 16×12 pixels, its image"),
        ({"001.png": png(np.full((24, 32), 7, np.uint8))}, "001.png: it holds 7; classes are 0"),
        ({"001.png": b"GIF89a"}, "001.png: The file cannot be read as an image"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_stays(
    changed: dict[str, bytes | None], sentence: str, staff: APIClient
) -> None:
    files = {name: data for name, data in (moved_masks(1) | changed).items() if data is not None}
    told = scored(staff, zipped(files))
    assert (told["state"], told["run"], told["miou"]) == ("FAILED", None, None)
    assert sentence in told["error"]
    nothing_stays()


def uploads_gone() -> None:
    folders, files = folder_list("masks-imports")
    assert files == []
    assert all(folder_list(f"masks-imports/{folder}") == ([], []) for folder in folders)


def nothing_stays() -> None:
    assert not Run.objects.exists()
    assert not Checkpoint.objects.exists()
    uploads_gone()


def lying(content: bytes, name: str) -> bytes:
    """The zip says of an entry, in its list alone, that it has ten bytes."""
    at = content.rindex(name.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    return content[: at + 24] + (10).to_bytes(4, "little") + content[at + 28 :]


def test_an_entry_that_has_lied_is_not_read_to_its_end(staff: APIClient) -> None:
    bomb = moved_masks(1) | {"001.png": bytes(5 * 2**20)}
    told = scored(staff, lying(zipped(bomb), "001.png"))
    assert told["error"] == "001.png: this entry of the zip is damaged."
    nothing_stays()


@pytest.mark.parametrize(
    ("content", "asked", "status", "sentence"),
    [
        (b"GIF89a", {}, 400, "damaged or cut off"),
        (zipped({"../001.png": b"x"}), {}, 400, "leads out of the zip"),
        (zipped({"001.png": b"x", "./001.png": b"x"}), {}, 400, "names a file twice"),
        (zipped({"001.png": bytes(64 * 2**20 + 1)}), {}, 413, "larger than 64 MiB"),
        (None, {"dataset": "nowhere"}, 400, "no images of “nowhere”"),
        (None, {"dataset": "folder:../etc"}, 400, "relative to the data root"),
        (None, {"dataset": "folder:other"}, 400, "other"),
        (None, {"split": "test"}, 400, "test"),
        (None, {"split": "all"}, 400, "all"),
        (None, {"name": "segnet"}, 400, "an architecture called segnet"),
        (None, {"name": " "}, 400, "name"),
    ],
)
def test_what_can_be_told_at_once_is_refused(
    content: bytes | None, asked: dict[str, str], status: int, sentence: str, staff: APIClient
) -> None:
    answer = post(staff, content or zipped(moved_masks(1)), **asked)
    assert answer.status_code == status
    told = str(answer.json())
    assert sentence in told
    assert str(Path("/tmp")) + "/" not in told  # no place of this host
    assert not MasksImport.objects.exists()
    nothing_stays()


def test_the_job_of_somebody_else_by_now_keeps_nothing(
    staff: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = post(staff, zipped(moved_masks(1))).json()["id"]
    score = elsewhere.masks_score

    def taken_over(*given: Any) -> Any:
        result = score(*given)
        MasksImport.objects.update(lease_token=9)
        return result

    monkeypatch.setattr(elsewhere, "masks_score", taken_over)
    job_execute(model=MasksImport, pk=pk, device="test")
    assert MasksImport.objects.get().state == State.RUNNING
    assert not Run.objects.exists()
    assert not Checkpoint.objects.exists()


def test_only_who_manages_brings_masks(client: Client) -> None:
    reader = User.objects.create_user("reader")
    row = MasksImport.objects.create(archive="x", name="secret")
    for user, status in ((None, 401), (reader, 403)):
        if user:
            client.force_login(user)
        file = SimpleUploadedFile("x.zip", b"x")
        assert client.post(MASKS, {"file": file}).status_code == status
        assert client.get(url("masks-import", row.pk)).status_code == 404
        assert client.get(url("masks-new")).status_code == 404
        assert url("masks-new") not in client.get("/models/").content.decode()
    assert MasksImport.objects.count() == 1


def test_the_pages_say_how_far_it_is(admin_client: Client) -> None:
    door = f"{url('masks-new')}?data=folder%3Amine"
    assert door in admin_client.get(url("dataset", data="folder:mine")).content.decode()
    assert url("masks-new") in admin_client.get("/models/").content.decode()
    form = admin_client.get(door).content.decode()
    assert '<option value="folder:mine" selected>' in form
    row = MasksImport.objects.create(archive="x", name="Theirs", step=3, steps=9)
    for state, words in (
        (State.QUEUED, "Waits for a training worker"),
        (State.RUNNING, "3 of 9 masks"),
        (State.FAILED, "001 has two masks"),
        (State.DONE, "no longer here"),
    ):
        MasksImport.objects.update(state=state, error="001 has two masks." * (state == "FAILED"))
        assert words in admin_client.get(url("masks-import", row.pk)).content.decode()
        seen = url("masks-import", row.pk, seen=f"{state}3")
        assert admin_client.get(seen).status_code == 204

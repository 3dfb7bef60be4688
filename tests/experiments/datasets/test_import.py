"""Importing data sets as zips: what is kept, and what of a stranger's archive is refused."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.datasets import archives
from experiments.models import Dataset
from experiments.records.sources import data_find, data_open
from tests.models_zoo.fixtures import draw_folder

pytestmark = pytest.mark.django_db

DATASETS = "/api/v1/datasets/"
Edit = Callable[[zipfile.ZipFile], Any]


@pytest.fixture
def staff(db: None) -> APIClient:
    api = APIClient()
    api.force_authenticate(User.objects.create_superuser("staff", password="x"))
    return api


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    draw_folder(tmp_path / "streets", train=3, val=2)
    return tmp_path / "streets"


def zipped(folder: Path, edit: Edit | None = None, *, top: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, top + str(path.relative_to(folder)))
        if edit:
            edit(archive)
    return buffer.getvalue()


def send(api: APIClient, content: bytes) -> Any:
    return api.post(DATASETS, {"file": SimpleUploadedFile("data.zip", content)})


def refused(api: APIClient, content: bytes, *words: str) -> None:
    answer = send(api, content)
    assert answer.status_code == 400, answer.content
    told = answer.json()["detail"]
    for word in words:
        assert word in told
    assert "/" + "tmp" not in told
    assert not Dataset.objects.exists()
    left = default_storage.listdir("datasets") if default_storage.exists("datasets") else ([], [])
    assert left == ([], [])


@pytest.mark.parametrize("top", ["", "streets/"])
def test_an_imported_data_set_can_be_trained_on(staff: APIClient, streets: Path, top: str) -> None:
    note: Edit = lambda archive: archive.writestr(f"{top}LICENCE.txt", "free")  # noqa: E731
    answer = send(staff, zipped(streets, note, top=top))
    assert answer.status_code == 201, answer.content
    assert answer.json()["slug"] == "streets"
    assert data_find("streets") == "imported:streets"
    assert len(data_open("imported:streets", "train")) == 3
    assert Dataset.objects.get().folder == "datasets/streets"
    again = send(staff, zipped(streets))
    assert again.status_code == 400
    assert "already" in again.json()["detail"]


def test_importing_needs_the_permission(streets: Path) -> None:
    api = APIClient()
    assert send(api, zipped(streets)).status_code in (401, 403)
    api.force_authenticate(User.objects.create_user("someone"))
    assert send(api, zipped(streets)).status_code == 403
    assert api.get(DATASETS).status_code == 200


def test_what_is_too_long_is_not_read(staff: APIClient, streets: Path, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    assert send(staff, zipped(streets)).status_code == 413


@pytest.mark.parametrize(
    "name", ["../evil.png", "a/../../evil.png", "/evil.png", "C:/evil.png", "a\\..\\evil.png"]
)
def test_names_that_lead_astray(staff: APIClient, streets: Path, name: str) -> None:
    def edit(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"evil")

    refused(staff, zipped(streets, edit), "evil")


def test_a_symlink(staff: APIClient, streets: Path) -> None:
    def edit(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("train/images/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    refused(staff, zipped(streets, edit), "link.png")


@pytest.mark.parametrize("name", ["inner.zip", "run.py", "train/images/evil.svg"])
def test_nested_archives_and_other_files(staff: APIClient, streets: Path, name: str) -> None:
    refused(staff, zipped(streets, lambda archive: archive.writestr(name, b"PK")), name)


def test_too_many_files_and_too_much(
    staff: APIClient, streets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 5)
    refused(staff, zipped(streets), "too many")
    monkeypatch.setattr(archives, "MOST_FILES", 500)
    monkeypatch.setattr(archives, "MOST_BYTES", 500)
    refused(staff, zipped(streets), "too much")


def test_a_million_entries_are_refused_before_they_are_read(staff: APIClient) -> None:
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0)
    refused(staff, b"\0" * 1000 + end, "too many")


def test_a_lying_size_and_a_bad_checksum(staff: APIClient, streets: Path) -> None:
    bomb = bytearray(zipped(streets, lambda a: a.writestr("train/images/z.png", b"0" * 100_000)))
    at = bomb.rfind(b"PK\x01\x02")
    bomb[at + 24 : at + 28] = struct.pack("<I", 10)  # says ten bytes in the table of contents
    refused(staff, bytes(bomb))
    broken = bytearray(zipped(streets))
    broken[200:210] = b"xxxxxxxxxx"
    refused(staff, bytes(broken), "damaged")


def test_an_encrypted_file(staff: APIClient, streets: Path) -> None:
    content = bytearray(zipped(streets))
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= 1
    refused(staff, bytes(content), "encrypted")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06", b"PK\x03\x04" + b"\0" * 50])
def test_no_zip_at_all(staff: APIClient, content: bytes) -> None:
    refused(staff, content)


def test_a_mask_with_an_unknown_class_is_named(staff: APIClient, streets: Path) -> None:
    Image.new("L", (40, 32), 9).save(streets / "val" / "masks" / "val01.png")
    refused(staff, zipped(streets), "val01")


def test_a_mask_of_another_size_is_named(staff: APIClient, streets: Path) -> None:
    Image.new("L", (4, 4), 0).save(streets / "val" / "masks" / "val01.png")
    refused(staff, zipped(streets), "val01", "4×4")


def test_missing_masks_and_an_empty_split(staff: APIClient, streets: Path) -> None:
    (streets / "val" / "masks" / "val01.png").unlink()
    refused(staff, zipped(streets), "val01")
    for path in (streets / "val").rglob("*.png"):
        path.unlink()
    refused(staff, zipped(streets), "val")


def test_an_image_that_says_it_is_huge(staff: APIClient, streets: Path, settings: Settings) -> None:
    settings.UPLOAD_MAX_PIXELS = 1000
    refused(staff, zipped(streets), "too large")


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "../etc"},
        {"slug": "a-b"},
        {"slug": 5},
        {"title": ["x"]},
        {"title": "x" * 300},
        {"ignore_index": "no"},
        {"ignore_index": 300},
        {"input_size": 5},
        {"input_size": [-1, 10**9]},
        {"classes": ["x" * 500, "road", "car"]},
        {"classes": [1, 2]},
        {"classes": "sky"},
    ],
)
def test_a_description_that_makes_no_sense(
    staff: APIClient, streets: Path, changes: dict[str, Any]
) -> None:
    described = json.loads((streets / "classes.json").read_text())
    (streets / "classes.json").write_text(json.dumps(described | changes))
    refused(staff, zipped(streets))


def test_markup_in_a_class_name_is_kept_as_text(staff: APIClient, streets: Path) -> None:
    described = json.loads((streets / "classes.json").read_text())
    described["classes"][0] = "<img src=x onerror=alert(1)>"
    (streets / "classes.json").write_text(json.dumps(described))
    assert send(staff, zipped(streets)).json()["classes"][0]["name"].startswith("<img")


def test_other_classes_under_a_known_slug(staff: APIClient, streets: Path) -> None:
    Dataset.objects.create(slug="streets", title="Streets", classes=[])
    answer = send(staff, zipped(streets))
    assert answer.status_code == 400
    assert Dataset.objects.get().folder == ""


def test_a_file_that_is_another_files_folder(staff: APIClient, streets: Path) -> None:
    name = "train/images/A.PNG/b.png"

    def edit(archive: zipfile.ZipFile) -> None:
        archive.writestr("train/images/a.png", b"x")
        archive.writestr(name, b"x")

    refused(staff, zipped(streets, edit), "twice")

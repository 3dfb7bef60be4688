"""Importing data sets as zips: what is kept, and what of a stranger's archive is refused."""

from __future__ import annotations

import html
import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.datasets import importing
from experiments.models import Dataset, Import
from experiments.records import archives
from experiments.records.datasets import dataset_ensure
from experiments.records.sources import data_dataset, data_find, data_open
from models_zoo.data import base
from models_zoo.data.formats.folder import Folder
from segweb.jobs import job_execute
from tests.experiments.visiting import url
from tests.models_zoo.data.test_tools import WRITTEN
from tests.models_zoo.fixtures import draw_camvid, draw_folder

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


def send(api: APIClient, content: bytes, name: str = "data.zip") -> tuple[int, dict[str, Any]]:
    """Status and body of the upload or, once it was accepted, of the import's end."""
    answer = api.post(DATASETS, {"file": SimpleUploadedFile(name, content)})
    if answer.status_code != 202:
        return answer.status_code, answer.json()
    job_execute(model=Import, pk=answer.json()["id"], device="test")
    told = api.get(answer["Location"])
    assert told.status_code == 200
    return 202, told.json()


def stored(folder: str) -> tuple[list[str], list[str]]:
    return default_storage.listdir(folder) if default_storage.exists(folder) else ([], [])


def refused(api: APIClient, content: bytes, *words: str) -> None:
    status, body = send(api, content)
    told = body["detail"] if status == 400 else body["error"]
    assert status == 400 or (status, body["state"]) == (202, "FAILED")
    assert "log says why" not in told
    for word in words:
        assert word in told
    assert "/" + "tmp" not in told
    assert not Dataset.objects.exists()
    assert stored("datasets") == stored("imports") == ([], [])


@pytest.mark.parametrize("top", ["", "streets/"])
def test_an_imported_data_set_can_be_trained_on(staff: APIClient, streets: Path, top: str) -> None:
    note: Edit = lambda archive: archive.writestr(f"{top}LICENCE.txt", "free")  # noqa: E731
    status, body = send(staff, zipped(streets, note, top=top))
    assert (status, body["state"], body["dataset"]) == (202, "DONE", "streets"), body
    assert body["step"] == body["steps"] == 12
    assert data_find("streets") == "imported:streets"
    assert len(data_open("imported:streets", "train")) == 3
    assert Dataset.objects.get().folder.startswith("datasets/")
    assert stored("imports") == ([], [])
    status, body = send(staff, zipped(streets))
    assert (status, body["state"]) == (202, "FAILED")
    assert "already" in body["error"]
    assert len(stored("datasets")[0]) == 1


def test_uploads_without_a_slug_are_named_after_their_file(
    staff: APIClient, streets: Path, admin_client: Client
) -> None:
    described = json.loads((streets / "classes.json").read_text())
    del described["slug"], described["title"]
    for name, classes in (("도로.zip", ["sky", "road", "car"]), ("의료.zip", ["a", "b", "c"])):
        (streets / "classes.json").write_text(json.dumps(described | {"classes": classes}))
        assert send(staff, zipped(streets), name)[1]["state"] == "DONE"
    named = Dataset.objects.values_list("slug", "title")
    assert list(named) == [("folder", "도로"), ("folder_2", "의료")]
    for slug, first in (("folder", "sky"), ("folder_2", "a")):
        assert data_open(data_find(slug), "train").classes[0]["name"] == first
    # Not by the folder of storage, which has a number for a name.
    page = admin_client.get(url("dataset", data="imported:folder_2")).content.decode()
    assert "<h1>의료</h1>" in page
    done = admin_client.get(url("import", Import.objects.latest("queued_at").pk)).content.decode()
    assert f'href="{url("launch")}?data=imported:folder_2">Train on it' in done


class Killed(BaseException):
    """The process is gone: nothing of the import runs any more."""


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "place",
    [
        "experiments.datasets.importing.archive_unpack",
        "experiments.datasets.importing.audit",
        "experiments.datasets.importing.shutil.move",
        "experiments.datasets.importing.dataset_ensure",
        "experiments.datasets.importing._keep",
        "segweb.jobs.working.job_finish",
    ],
)
def test_an_import_that_is_killed_anywhere_is_tried_again(
    staff: APIClient, streets: Path, monkeypatch: pytest.MonkeyPatch, place: str, after: bool
) -> None:
    works = resolve_name(place)

    def dies(*args: Any, **kwargs: Any) -> Any:
        if after:
            works(*args, **kwargs)
        raise Killed

    posted = staff.post(DATASETS, {"file": SimpleUploadedFile("a.zip", zipped(streets))}).json()
    with monkeypatch.context() as patch:
        patch.setattr(place, dies)
        with pytest.raises(Killed):
            job_execute(model=Import, pk=posted["id"], device="test")
    Import.objects.exclude(state="DONE").update(state="QUEUED")  # as the sweeper does
    job_execute(model=Import, pk=posted["id"], device="test")
    told = staff.get(posted["url"]).json()
    assert (told["state"], told["dataset"]) == ("DONE", "streets")
    assert len(data_open("imported:streets", "train")) == 3
    assert len(stored("datasets")[0]) == 1
    # What a last moment left goes with the next import.
    send(staff, zipped(streets))
    assert stored("imports") == ([], [])
    assert len(stored("datasets")[0]) == 1


def test_a_worker_that_lost_its_import_keeps_nothing(
    staff: APIClient, streets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = staff.post(DATASETS, {"file": SimpleUploadedFile("a.zip", zipped(streets))}).json()
    keep = importing._keep

    def taken_over(*args: Any) -> Any:
        monkeypatch.undo()
        Import.objects.update(state="QUEUED")
        job_execute(model=Import, pk=posted["id"], device="other")
        return keep(*args)

    monkeypatch.setattr(importing, "_keep", taken_over)
    job_execute(model=Import, pk=posted["id"], device="slow")
    assert staff.get(posted["url"]).json()["state"] == "DONE"
    (folder,) = stored("datasets")[0]
    assert Dataset.objects.get().folder == f"datasets/{folder}"


def test_only_those_who_may_import_see_imports(staff: APIClient, streets: Path) -> None:
    posted = staff.post(DATASETS, {"file": SimpleUploadedFile("a.zip", zipped(streets))})
    assert APIClient().get(posted["Location"]).status_code in (401, 403)


def test_importing_needs_the_permission(streets: Path) -> None:
    api = APIClient()
    assert send(api, zipped(streets))[0] in (401, 403)
    api.force_authenticate(User.objects.create_user("someone"))
    assert send(api, zipped(streets))[0] == 403
    assert api.get(DATASETS).status_code == 200


def test_what_is_too_long_is_not_read(staff: APIClient, streets: Path, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    assert send(staff, zipped(streets))[0] == 413


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


def test_what_the_audit_found_is_told_in_the_readers_language(
    staff: APIClient, streets: Path
) -> None:
    Image.new("L", (4, 4), 0).save(streets / "val" / "masks" / "val01.png")
    refused(staff, zipped(streets), "1 items of 'val' have masks of another size")
    page = Client(headers={"Accept-Language": "ko"})
    page.force_login(User.objects.get())
    told = page.get(url("import", Import.objects.get().pk)).content.decode()
    assert "'val'의 항목 1개는 마스크의 크기가 다릅니다" in html.unescape(told)
    assert "val/val01 (" in told
    assert "masks of another size" not in told


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
        {"classes": ["sky", "road", "sky"]},
        {"classes": ["sky", "road", ""]},
        {"classes": "sky"},
        {"title": "half \ud800"},
        {"classes": ["sky", "road", {"name": "car", "id": 7}]},
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
    assert send(staff, zipped(streets))[1]["state"] == "DONE"
    (shown,) = staff.get(DATASETS).json()
    assert shown["classes"][0]["name"].startswith("<img")


def test_other_classes_under_a_known_slug(staff: APIClient, streets: Path) -> None:
    Dataset.objects.create(slug="streets", title="Streets", classes=[])
    status, body = send(staff, zipped(streets))
    assert (status, body["state"]) == (202, "FAILED")
    assert "another slug" in body["error"]
    assert Dataset.objects.get().folder == ""
    assert stored("datasets") == ([], [])


def test_images_that_are_known_by_another_slug_are_told_it(staff: APIClient, streets: Path) -> None:
    """As those of a folder on the server, or of a history, which were never imported."""
    train = Folder(str(streets), "train")
    passport = train.passport | {"slug": "roads", "title": "Roads"}
    dataset_ensure(passport=passport, classes=train.classes, ignore_index=train.ignore_index)
    body = send(staff, zipped(streets))[1]
    assert body["state"] == "FAILED"
    assert "known here as “Roads”" in body["error"]
    assert "slug, roads," in body["error"]


def test_the_same_data_under_another_slug_was_imported_already(
    staff: APIClient, streets: Path
) -> None:
    assert send(staff, zipped(streets))[1]["state"] == "DONE"
    described = json.loads((streets / "classes.json").read_text()) | {"slug": "roads"}
    (streets / "classes.json").write_text(json.dumps(described))
    status, body = send(staff, zipped(streets))
    assert (status, body["state"]) == (202, "FAILED")
    assert "imported already" in body["error"]
    assert Dataset.objects.get().slug == "streets"


def test_a_description_nested_too_deeply(staff: APIClient, streets: Path) -> None:
    (streets / "classes.json").write_text("[" * 5000 + "]" * 5000)
    refused(staff, zipped(streets), "classes.json", "too deeply")


@pytest.mark.parametrize("form", ["TIFF", "EPS", "PCX", "SGI", "TGA", "JPEG2000"])
def test_what_is_called_png_is_one_that_an_upload_may_be(
    staff: APIClient, streets: Path, form: str
) -> None:
    Image.new("RGB", (40, 32)).save(streets / "val" / "images" / "val01.png", form)
    refused(staff, zipped(streets), "val01")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_mask_that_says_it_is_huge_is_not_decoded(
    staff: APIClient, streets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (13_000, 13_000)).save(streets / "val" / "masks" / "val01.png")
    read = base.read_mask

    def small_ones(source: Path) -> Any:
        assert source.name != "val01.png"
        return read(source)

    monkeypatch.setattr(base, "read_mask", small_ones)
    refused(staff, zipped(streets), "val01", "13000×13000")


@pytest.mark.parametrize(
    "name", ["가" * 90 + ".png", "train/images/a.png/b.png", "train/IMAGES/Train00.PNG"]
)
def test_names_that_a_disk_would_not_take(staff: APIClient, streets: Path, name: str) -> None:
    def edit(archive: zipfile.ZipFile) -> None:
        archive.writestr("train/images/a.png", b"x")
        archive.writestr(name, b"x")

    refused(staff, zipped(streets, edit))


def test_a_file_that_is_another_files_folder(staff: APIClient, streets: Path) -> None:
    name = "train/images/A.PNG/b.png"

    def edit(archive: zipfile.ZipFile) -> None:
        archive.writestr("train/images/a.png", b"x")
        archive.writestr(name, b"x")

    refused(staff, zipped(streets, edit), "twice")


def test_an_import_is_the_data_set_that_a_run_on_it_is_of(staff: APIClient, streets: Path) -> None:
    assert send(staff, zipped(streets))[1]["state"] == "DONE"
    assert data_dataset("imported:streets") == Dataset.objects.get()


def test_other_images_of_the_same_names_are_another_data_set(
    staff: APIClient, streets: Path
) -> None:
    assert send(staff, zipped(streets))[1]["state"] == "DONE"
    described = json.loads((streets / "classes.json").read_text()) | {"slug": "roads"}
    (streets / "classes.json").write_text(json.dumps(described))
    shot = streets / "train" / "images" / "train00.png"
    Image.open(shot).transpose(Image.Transpose.ROTATE_180).save(shot)
    body = send(staff, zipped(streets))[1]
    assert (body["state"], body["dataset"]) == ("DONE", "roads"), body


@pytest.mark.parametrize("archive", sorted(WRITTEN.glob("*.zip")), ids=lambda path: path.stem)
def test_what_a_labelling_tool_wrote_can_be_trained_on(staff: APIClient, archive: Path) -> None:
    status, body = send(staff, archive.read_bytes())
    assert (status, body["state"]) == (202, "DONE"), body["error"]
    opened = data_open(f"imported:{body['dataset']}", "train")
    assert [entry["name"] for entry in opened.classes] == ["background", "bush", "pond"]
    assert len(opened) == 4


def test_an_upload_is_never_taken_for_a_published_data_set(
    staff: APIClient, tmp_path: Path
) -> None:
    draw_camvid(tmp_path / "camvid", train=2, val=1)
    refused(staff, zipped(tmp_path / "camvid"), "classes.json is missing")

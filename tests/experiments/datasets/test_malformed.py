"""Data sets that say anything of themselves, imported and launched on: done, or told in a sentence.

On both databases: what one keeps, the other may refuse with an exception.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from experiments.datasets.services import dataset_import
from experiments.models import Import
from segweb.jobs import job_execute
from tests.generated import generated
from tests.inference.pictures import upload
from tests.malformed import changed, written
from tests.models_zoo.data.awkward import coco, folder

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

TOLD = {"slug": "mine", "title": "Mine", "licence": "CC0", "source": "me", "ignore_index": 255}


@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    """The data root, with a folder and a COCO set."""
    settings.DATA_ROOT = tmp_path
    for name, make in (("mine", folder(input_size=[24, 32], **TOLD)), ("pets", coco())):
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    return tmp_path


@generated(60)
@given(data=st.data())
def test_imports(root: Path, data: st.DataObject) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in (root / "mine").glob("*/*/*.png"):
            archive.write(path, path.relative_to(root / "mine"))
        described = json.loads((root / "mine" / "classes.json").read_text())
        archive.writestr("classes.json", written(changed(data, described)))
    with transaction.atomic():
        row = dataset_import(file=upload(content.getvalue(), "data.zip"), owner=None)
        job_execute(model=Import, pk=row.pk, device="test")
        row.refresh_from_db()
        transaction.set_rollback(True)
    assert row.state in ("DONE", "FAILED")
    assert bool(row.error) is (row.state == "FAILED")
    assert row.error != Import.unexplained
    assert str(root) not in row.error


@pytest.mark.parametrize(
    ("file", "spec"),
    [
        ("mine/classes.json", "folder:mine"),
        ("pets/instances_train.json", "coco:pets/pictures:pets/instances_train.json"),
    ],
)
@generated(60)
@given(data=st.data())
def test_launches(root: Path, file: str, spec: str, data: st.DataObject) -> None:
    client = Client(raise_request_exception=False)
    sound = (root / file).read_text()
    try:
        (root / file).write_text(written(changed(data, json.loads(sound))))
        with transaction.atomic():
            client.force_login(User.objects.create_superuser("root"))
            status, told = launch(client, spec)
            pages = [client.get(address).status_code for address in ("/runs/", "/runs/new/")]
            transaction.set_rollback(True)
    finally:
        (root / file).write_text(sound)
    assert status in (201, 400), told
    assert pages == [200, 200]
    assert status == 201 or told["detail"]
    assert str(root) not in json.dumps(told)


def launch(client: Client, spec: str) -> tuple[int, Any]:
    """Status and answer of a launch."""
    request = {"architecture": "unet", "dataset": spec, "epochs": 1}
    answer = client.post("/api/v1/runs/", request, content_type="application/json")
    return answer.status_code, answer.json()

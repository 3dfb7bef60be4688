"""The pages of data sets: what there is, its images with their masks, and how an import goes on."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image
from pytest_django import Settings

from experiments.datasets import showing
from experiments.models import Import
from models_zoo.data import open_dataset
from segweb.jobs import State
from tests.experiments.factories import checkpoint_make, dataset_make, run_make
from tests.experiments.visiting import url
from tests.models_zoo.fixtures import draw_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def streets(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_ROOT = tmp_path / "data"
    draw_folder(settings.DATA_ROOT / "streets", train=3, val=2)
    return settings.DATA_ROOT / "streets"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(User.objects.create_user("reader"))
    return client


def test_what_there_is_can_be_looked_at(reader: Client, streets: Path) -> None:
    page = reader.get(url("datasets")).content.decode()
    assert "folder:streets" in page
    assert "train 3, val 2" in page
    one = reader.get(url("dataset", data="folder:streets")).content.decode()
    for entry in open_dataset(f"folder:{streets}", "train").classes:
        assert entry["name"] in one
    assert one.count("<li><img") == 5  # each of them, since they are few
    assert str(streets.parent) not in page + one  # no place of the host
    assert url("launch") not in page
    assert "import-part" not in page


def test_images_and_masks_are_those_of_the_data_set(reader: Client, streets: Path) -> None:
    split = open_dataset(f"folder:{streets}", "val")
    plain = reader.get(url("dataset-picture", "val", 1, data="folder:streets"))
    masked = reader.get(url("dataset-picture", "val", 1, data="folder:streets", masked=""))
    assert plain["Content-Type"] == "image/jpeg"
    assert "private" in plain["Cache-Control"]
    shown, coloured = (np.asarray(Image.open(BytesIO(one.content))) for one in (plain, masked))
    assert abs(shown.astype(int) - split.load_image(1)).mean() < 12  # JPEG's own loss
    differs = abs(shown.astype(int) - coloured).sum(2) > 60
    ignored = split.load_mask(1) == split.ignore_index
    assert differs[~ignored].mean() > 0.3 > differs[ignored].mean() if ignored.any() else True


@pytest.mark.parametrize(
    ("split", "number", "data"),
    [
        ("val", 2, "folder:streets"),
        ("nowhere", 0, "folder:streets"),
        ("test", 0, "folder:streets"),
        ("val", 0, "folder:../streets"),
        ("val", 0, "folder:/etc"),
        ("val", 0, "scenes:64x96:999999999"),
    ],
)
def test_what_is_not_offered_is_not_opened(
    split: str, number: int, data: str, reader: Client, streets: Path
) -> None:
    assert reader.get(url("dataset-picture", split, number, data=data)).status_code == 404
    assert reader.get(url("dataset", data=data)).status_code == (
        200 if data == "folder:streets" else 404
    )


def test_a_broken_or_huge_image_is_missing_alone(
    reader: Client, streets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = url("dataset-picture", "val", 0, data="folder:streets")
    with monkeypatch.context() as patched:
        patched.setattr(showing, "MOST_PIXELS", 10)
        assert reader.get(address).status_code == 404
    path = open_dataset(f"folder:{streets}", "val").pairs[0][0]
    path.write_bytes(path.read_bytes()[:200])
    assert reader.get(address).status_code == 404
    assert reader.get(url("dataset", data="folder:streets")).status_code == 200


def test_a_data_set_that_is_not_whole_hides_no_other(reader: Client, streets: Path) -> None:
    draw_folder(streets.parent / "torn", train=3, val=2)
    next((streets.parent / "torn" / "val" / "masks").iterdir()).unlink()
    page = reader.get(url("datasets"))
    assert page.status_code == 200
    assert "folder:streets" in page.content.decode()
    assert reader.get(url("dataset", data="folder:torn")).status_code == 200
    assert reader.get(url("dataset-picture", "val", 0, data="folder:torn")).status_code == 404


def test_what_was_made_of_other_data_of_its_name_is_not_counted(
    reader: Client, streets: Path
) -> None:
    run_make(data="folder:elsewhere", dataset=dataset_make("streets"))
    assert "0 runs" in reader.get(url("dataset", data="folder:streets")).content.decode()
    run_make(data="folder:streets", dataset=dataset_make("streets_2"))
    assert "1 run" in reader.get(url("dataset", data="folder:streets")).content.decode()


def test_its_models_are_in_one_menu(reader: Client, streets: Path) -> None:
    made = [checkpoint_make(run=run_make(data="folder:streets")) for _ in range(2)]
    page = reader.get(url("dataset", data="folder:streets")).content.decode()
    assert page.count("Try on an image") == 1
    assert all(f"?model={checkpoint.key}" in page for checkpoint in made)


def test_visitors_sign_in_first(client: Client, streets: Path) -> None:
    for address in (url("datasets"), url("dataset", data="scenes")):
        assert client.get(address).status_code == 302


def test_how_an_import_goes_on(admin_client: Client, reader: Client) -> None:
    row = Import.objects.create(name="harbour.zip", state=State.RUNNING, step=3, steps=9)
    address = url("import", row.pk)
    assert reader.get(address).status_code == 404
    page = admin_client.get(address)
    assert "3 of 9 files" in page.content.decode()
    look = page.context["look"]
    assert admin_client.get(address, {"seen": look}).status_code == 204
    Import.objects.update(state=State.FAILED, error="train/masks/a.png holds the id 77.")
    changed = admin_client.get(address, {"seen": look}).content.decode()
    assert "holds the id 77" in changed
    assert "<html" not in changed
    assert "hx-get" not in changed  # it has ended

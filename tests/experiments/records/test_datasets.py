"""A data set is its class list and its content, and never the name of its folder."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Attempt, Confusion, Dataset, Epoch, Run
from experiments.records import sources
from experiments.records.datasets import dataset_ensure
from experiments.records.sources import data_find
from experiments.runs.services import run_launch
from experiments.worker.replay import Replay
from inference.images.apart.decoding import TrueMask, UploadRefused, read_true_mask
from models_zoo.data import digests
from models_zoo.data.formats import formats
from models_zoo.data.formats.folder import Folder
from segweb.jobs import job_claim
from tests.experiments.factories import checkpoint_make, dataset_make, run_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_ROOT = tmp_path / "data"
    settings.DATA_ROOT.mkdir()
    return settings.DATA_ROOT


def coco(folder: Path, names: list[str], colour: str = "white") -> str:
    """Two splits with a square of each class in each image; its specification."""
    (folder / "images").mkdir(parents=True)
    for split in ("train", "val"):
        Image.new("RGB", (16, 12), colour).save(folder / "images" / f"{split}.png")
        square = [[2, 2, 8, 2, 8, 8, 2, 8]]
        content = {
            "images": [{"id": 1, "file_name": f"{split}.png", "height": 12, "width": 16}],
            "categories": [{"id": n, "name": name} for n, name in enumerate(names, 1)],
            "annotations": [
                {"id": n, "image_id": 1, "category_id": n, "segmentation": square}
                for n in range(1, len(names) + 1)
            ],
        }
        (folder / f"instances_{split}.json").write_text(json.dumps(content))
    return f"coco:{folder.name}/images:{folder.name}/instances_train.json"


def plain(folder: Path, classes: list[str], *, shade: int = 0) -> str:
    """A folder with classes.json; `shade` makes its images other ones."""
    for split in ("train", "val"):
        for kind, value in (("images", 90 + shade), ("masks", 1)):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
            pixels = np.full((12, 16), value, np.uint8)
            pixels[:6] = 0
            Image.fromarray(pixels).save(folder / split / kind / "a.png")
    (folder / "classes.json").write_text(json.dumps({"classes": classes}))
    return f"folder:{folder.name}"


def launch(spec: str) -> Run:
    return run_launch(architecture="unet", data=spec, epochs=2, owner=None)


def names_of(run: Run) -> list[str]:
    assert run.dataset is not None
    return run.dataset.class_names


def test_two_folders_called_images_are_two_data_sets(root: Path) -> None:
    pets = launch(coco(root / "pets", ["cat", "dog"]))
    harbour = launch(coco(root / "harbour", ["boat", "crane", "quay"]))
    assert names_of(pets) == ["background", "cat", "dog"]
    assert names_of(harbour) == ["background", "boat", "crane", "quay"]
    assert (pets.dataset.title, harbour.dataset.title) == ("pets", "harbour")
    # The confusion that the API tells names the run's own classes.
    Epoch.objects.create(
        run=harbour, number=1, confusion=_saved(Confusion.pack(np.eye(4, dtype=int))), miou=1.0
    )
    api = APIClient()
    api.force_authenticate(User.objects.create_user("reader"))
    told = api.get(f"/api/v1/runs/{harbour.pk}/epochs/1/confusion/").json()
    assert told["classes"] == names_of(harbour)
    # A true mask with id 3 is one of its classes, and none of the pets'.
    mask = np.full((12, 16), 3, np.uint8)
    sent = {"pixels_max": 10**6, "size": (16, 12)}
    assert read_true_mask(_png(mask), **sent, truth=_truth(harbour.dataset)).max() == 3
    with pytest.raises(UploadRefused, match="no class of pets: 3"):
        read_true_mask(_png(mask), **sent, truth=_truth(pets.dataset))


def test_slugs_that_come_out_alike_are_told_apart(root: Path) -> None:
    roads = launch(plain(root / "도로", ["background", "road"]))
    scans = launch(plain(root / "의료", ["background", "tumour"]))
    assert [names_of(roads)[1], names_of(scans)[1]] == ["road", "tumour"]
    assert [run.dataset.slug for run in (roads, scans)] == ["folder", "folder_2"]
    assert [run.dataset.title for run in (roads, scans)] == ["도로", "의료"]
    # A slug alone means what it meant, or is refused.
    assert [data_find(slug) for slug in ("folder", "folder_2")] == ["folder:도로", "folder:의료"]
    shutil.rmtree(root / "도로")
    with pytest.raises(ValidationError, match="folder:의료"):
        data_find("folder")


def test_a_slug_of_two_folders_is_no_choice_of_ours(root: Path) -> None:
    plain(root / "도로", ["background", "road"])
    plain(root / "의료", ["background", "tumour"])
    with pytest.raises(ValidationError, match="folder:도로, folder:의료"):
        data_find("folder")


def test_a_class_more_is_another_data_set(root: Path) -> None:
    spec = plain(root / "grow", ["background", "red"])
    before = launch(spec)
    plain(root / "grow", ["background", "red", "green"])
    after = launch(spec)
    assert [len(names_of(before)), len(names_of(after))] == [2, 3]
    before.refresh_from_db()
    assert names_of(before) == ["background", "red"]
    assert Dataset.objects.count() == 2


def test_the_same_images_elsewhere_are_the_same_data_set(root: Path) -> None:
    first = launch(plain(root / "a", ["background", "red"]))
    shutil.move(root / "a", root / "moved")
    assert launch("folder:moved").dataset == first.dataset
    other = launch(plain(root / "b", ["background", "red"], shade=40))
    assert other.dataset != first.dataset


def test_what_is_too_large_to_be_read_at_once_is_told_by_the_trainer(
    root: Path, monkeypatch: pytest.MonkeyPatch, reader: Client
) -> None:
    spec = plain(root / "large", ["background", "red"])
    known = launch(spec)
    monkeypatch.setattr(sources, "READ_AT_ONCE", 0)
    monkeypatch.setattr(digests, "_known", {})
    # Until then it is what it was, as far as its classes tell, or nothing.
    assert launch(spec).dataset == known.dataset
    assert launch(plain(root / "large", ["background", "red", "green"])).dataset is None
    other = launch(plain(root / "other", ["background", "red"]))
    assert other.dataset is None
    for page in ("runs/", f"runs/{other.pk}/", f"api/v1/runs/{other.pk}/", "leaderboard/"):
        assert reader.get(f"/{page}").status_code == 200, page
    assert Dataset.objects.count() == 1


def test_a_folder_called_camvid_is_not_camvid(root: Path) -> None:
    run = launch(plain(root / "camvid", ["background", "red"]))
    assert run.dataset.slug == "camvid_2"


def test_a_format_from_outside_is_known_by_its_content(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the recipe writes one: all of its data sets are called alike."""

    class Drives(Folder):
        kind = slug = "drives"

        def __init__(self, path: str, split: str) -> None:
            super().__init__(path, split)
            self.slug = Drives.slug

    monkeypatch.setitem(formats(), "drives", Drives)
    specs = [plain(root / name, ["ground", "red"], shade=n) for n, name in enumerate("ab")]
    found = [launch(spec.replace("folder", "drives")).dataset for spec in (*specs, specs[0])]
    assert [dataset.slug for dataset in found] == ["drives", "drives_2", "drives"]


def test_a_row_of_before_stays_the_data_sets_own(root: Path) -> None:
    spec = plain(root / "mine", ["background", "red"])
    classes = [
        {"id": n, "name": name, "colour": "#000000"} for n, name in enumerate(("background", "red"))
    ]
    by_slug = Dataset.objects.create(slug="mine", title="Mine", classes=classes, ignore_index=255)
    assert launch(spec).dataset == by_slug
    # By the specification of its runs, where it would be named otherwise today.
    spec = coco(root / "pets", ["cat"])
    classes[1] = classes[1] | {"name": "cat"}
    by_run = Dataset.objects.create(slug="images", title="images", classes=classes)
    run_make(dataset=by_run, data=spec, epochs=0)
    assert launch(spec).dataset == by_run
    assert not Dataset.objects.filter(identity=None).exists()
    # Another folder with the same classes does not find it any more.
    assert launch(coco(root / "strays", ["cat"], "red")).dataset != by_run


def test_a_sidecar_of_before_finds_its_row() -> None:
    dataset = dataset_make(identity="x" * 64)
    passport = {"slug": dataset.slug, "title": "Streets"}
    told = {"classes": dataset.classes, "ignore_index": 255}
    assert dataset_ensure(passport=passport, **told) == dataset
    assert dataset_ensure(passport=passport | {"content": "other"}, **told) != dataset


@pytest.mark.parametrize("names", [["sky", "road", "sky"], ["sky", " "], ["café", "cafe\u0301"]])
def test_classes_that_nobody_could_tell_apart_are_no_data_set(names: list[str]) -> None:
    """Whoever tells them: a trainer's event, a sidecar, a format from outside."""
    classes = [{"id": number, "name": name} for number, name in enumerate(names)]
    passport = {"slug": "mine", "title": "Mine", "content": "c" * 64}
    with pytest.raises(ValidationError, match=r"mine: .* name"):
        dataset_ensure(passport=passport, classes=classes, ignore_index=255)
    assert not Dataset.objects.exists()


def test_the_trainer_says_what_it_trains_on(root: Path, tmp_path: Path) -> None:
    """Between launch and start the classes may change."""
    run = launch(plain(root / "mine", ["background", "red"]))
    lease = job_claim(model=Run, pk=run.pk, owner="test")
    assert lease is not None
    classes = [{"id": n, "name": name, "colour": "#000000"} for n, name in enumerate("ab")]
    told = {"slug": "mine", "title": "mine", "content": "c" * 64, "classes": classes}
    start: dict[str, Any] = {"event": "start", "steps": 1, "protocol": {}}
    start["dataset"] = told | {"ignore_index": 255}
    (tmp_path / "events.jsonl").write_text(json.dumps(start) + "\n")
    attempt = Attempt.objects.create(run=run, number=1, owner="test")
    Replay(run, tmp_path, lease).catch_up(attempt)
    run.refresh_from_db()
    assert names_of(run) == ["a", "b"]


def test_the_migration_gives_runs_their_own_classes() -> None:
    pets = dataset_make("images", num_classes=3)
    boats = [{"id": n, "name": name, "colour": "#000000"} for n, name in enumerate("wxyz")]
    harbour = run_make(dataset=pets, data="coco:harbour", epochs=1)
    unfinished = run_make(dataset=pets, data="coco:harbour", epochs=1)
    for run in (harbour, unfinished):
        Confusion.objects.filter(epoch__run=run).update(num_classes=4)
    kept = run_make(dataset=pets, data="coco:pets", epochs=1)
    checkpoint = checkpoint_make(run=harbour)
    checkpoint.sidecar |= {"classes": boats, "dataset": {"title": "images"}, "ignore_index": None}
    checkpoint.save()
    fine = checkpoint_make(run=kept)
    import_module("experiments.migrations.0006_dataset_identity").give_back(apps, None)
    for row in (harbour, unfinished, kept, checkpoint, fine):
        row.refresh_from_db()
    assert names_of(harbour) == names_of(unfinished) == checkpoint.dataset.class_names
    assert names_of(harbour) == ["w", "x", "y", "z"]
    assert kept.dataset == fine.dataset == pets
    assert checkpoint.dataset.slug == "images_2"


def _saved(confusion: Confusion) -> Confusion:
    confusion.save()
    return confusion


def _truth(dataset: Dataset) -> TrueMask:
    """What an upload's mask must fit."""
    return TrueMask(dataset.title, dataset.classes, dataset.ignore_index)


def _png(mask: np.ndarray) -> Any:
    from io import BytesIO

    buffer = BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer

"""Batches: from the upload to the results, in which order workers do them, and bad zips."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from PIL import Image as Picture
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from rest_framework.test import APIClient

from experiments.models import Checkpoint, Dataset
from inference.batches import services
from inference.batches.tiles import batch_models, batch_progress, batch_tiles
from inference.compare.panes import pane_of
from inference.comparisons import comparison_create
from inference.images.masks import mask_read
from inference.models import Batch, BatchItem, Comparison, Ensemble, Image, Inside, Prediction
from inference.worker import order
from models_zoo.data import open_dataset
from models_zoo.data.labelling.export import EXPORTS
from segweb.jobs import State, job_execute
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import encoded, noise, upload

pytestmark = pytest.mark.django_db
KEYS = ["camvid-fcn8s-slim", "camvid-unet-slim"]


def zipped(entries: dict[Any, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def picture(seed: int = 0) -> bytes:
    return encoded(noise(seed=seed))


def mask(number: int = 1, size: tuple[int, int] = (24, 16)) -> bytes:
    return encoded(Picture.new("L", size, number))


def post(api: APIClient, *files: Any, **body: Any) -> Any:
    uploads = [upload(content, name) for name, content in files]
    headers = body.pop("headers", {})
    body = {"files": uploads, "models": KEYS, **body}
    return api.post("/api/v1/batches/", body, format="multipart", headers=headers)


def run_all() -> int:
    """Work until nothing waits; how many jobs that were."""
    done = 0
    while order.next_job():
        order.next_execute()
        done += 1
    return done


@pytest.fixture
def worker(fake_engine: FakeEngine, checkpoints: list[Checkpoint], sent: list[str]) -> FakeEngine:
    """An engine without networks, and checkpoints for it."""
    return fake_engine


def test_images_from_post_to_results(api: APIClient, worker: FakeEngine) -> None:
    posted = post(api, ("a.png", picture(1)), ("b.jpg", encoded(noise(seed=2), "JPEG")))
    assert posted.status_code == 202, posted.content
    body = posted.json()
    assert body["models"] == KEYS
    assert body["progress"] == {
        "images": 2,
        "refused": 0,
        "failed": 0,
        "masks": 0,
        "masks_expected": 4,
        "ended": False,
    }
    assert [image["name"] for image in body["images"]] == ["a.png", "b.jpg"]
    assert run_all() == 2 + 4
    body = api.get(posted["Location"]).json()
    assert body["progress"]["masks"] == 4
    assert body["progress"]["ended"]
    for image in body["images"]:
        assert (image["state"], image["miou"], image["disagreement"]) == ("DONE", None, 0.0)
        comparison = api.get(image["comparison_url"]).json()
        assert [p["model"] for p in comparison["predictions"]] == KEYS

    response = api.get(body["results_url"])
    assert response["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response)))
    assert set(archive.namelist()) == {
        "results.csv",
        *(f"masks/{key}/{name}.png" for key in KEYS for name in ("01-a", "02-b")),
    }
    stored = Prediction.objects.get(checkpoint__key=KEYS[0], comparison__item__name="a.png")
    with stored.mask.open() as file:
        assert archive.read(f"masks/{KEYS[0]}/01-a.png") == file.read()
    rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))
    assert [(row["image"], row["model"]) for row in rows] == [
        (name, key) for name in ("a.png", "b.jpg") for key in KEYS
    ]
    assert {row["state"] for row in rows} == {"DONE"}


def test_coco(api: APIClient, worker: FakeEngine) -> None:
    body = post(api, ("a.png", picture(1)), ("b.png", picture(2))).json()
    wanted = {"as": "coco", "model": KEYS[1]}
    assert json.loads(b"".join(api.get(body["results_url"], wanted)))["annotations"] == []
    run_all()
    response = api.get(body["results_url"], wanted)
    document = json.loads(b"".join(response))
    assert [image["file_name"] for image in document["images"]] == ["a.png", "b.png"]
    assert [a["id"] for a in document["annotations"]] == [1, 2, 3, 4]
    assert [a["image_id"] for a in document["annotations"]] == [1, 1, 2, 2]
    assert {a["area"] for a in document["annotations"]} == {8 * 24}
    assert [c["name"] for c in document["categories"]] == ["sky", "road", "car"]
    # An empty file would look as if that model had found nothing.
    refused = api.get(body["results_url"], {"as": "coco", "model": "none"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["model"])
    assert api.get(body["results_url"], {"as": "exe"}).status_code == 400


@pytest.mark.parametrize("form", EXPORTS)
def test_what_goes_out_to_a_tool_comes_in_as_the_same_masks(
    api: APIClient, worker: FakeEngine, form: str, tmp_path: Path
) -> None:
    names = ("a.png", "b.png", "b.jpg")
    body = post(api, *((name, picture(n)) for n, name in enumerate(names))).json()
    run_all()
    response = api.get(body["results_url"], {"as": form, "model": KEYS[1]})
    assert f"-{form}." in response["Content-Disposition"]
    content = b"".join(response)
    called = ("a.png", "02-b.png", "03-b.jpg")  # two of one name are told apart by their numbers
    folder = {"label_studio": ".", "cvat": "JPEGImages", "yolo": "images"}[form]
    if form == "label_studio":
        tasks = json.loads(content)
        for number, task in enumerate(tasks):
            # As Label Studio exports what was accepted as it is.
            task |= {"id": number, "annotations": task.pop("predictions")}
        (tmp_path / "export.json").write_text(json.dumps(tasks))
    else:
        zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path)
    (tmp_path / folder).mkdir(exist_ok=True)
    for number, name in enumerate(called):
        (tmp_path / folder / name).write_bytes(picture(number))
    splits = [open_dataset(f"{form}:{tmp_path}", split) for split in ("train", "val")]
    read = {split.name(n): split.load(n)[1] for split in splits for n in range(len(split))}
    assert set(read) == {name.rpartition(".")[0] for name in called}
    titles = [entry["name"] for entry in splits[0].classes]
    kept = Prediction.objects.filter(checkpoint__key=KEYS[1]).order_by("comparison__item__position")
    for name, prediction in zip(called, kept, strict=True):
        wanted = mask_read(prediction.mask)
        for entry in prediction.checkpoint.classes:
            if (region := wanted == entry["id"]).any():
                again = read[name.rpartition(".")[0]] == titles.index(entry["name"])
                assert np.array_equal(again, region)


def test_a_zip_with_true_masks_is_sorted_by_score(api: APIClient, worker: FakeEngine) -> None:
    """The engine says sky above road: the more of the truth is sky or road, the better."""
    half = np.zeros((16, 24), np.uint8)
    half[8:] = 1
    content = zipped(
        {
            "images/good.png": picture(1),
            "images/bad.png": picture(2),
            "images/unknown.png": picture(3),
            "masks/good.png": encoded(Picture.fromarray(half)),
            "deep/masks/bad.png": mask(2),
            "__MACOSX/._good.png": b"rubbish",
            "images/.DS_Store": b"rubbish",
        }
    )
    posted = post(api, ("set.zip", content), mask_dataset="camvid", name="A set")
    run_all()
    body = api.get(posted["Location"], {"sort": "score"}).json()
    assert body["name"] == "A set"
    assert [image["name"] for image in body["images"]] == ["bad.png", "good.png", "unknown.png"]
    assert [image["miou"] for image in body["images"]] == [0.0, 1.0, None]


def test_sorted_by_disagreement(
    api: APIClient, worker: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = worker.predict

    def differing(weights: Any, sidecar: Any, image: Picture.Image, **how: Any) -> Any:
        result = predict(weights, sidecar, image, **how)
        if sidecar["key"] == KEYS[1]:
            result.mask[:, : image.getpixel((0, 0))[0] // 12] = 2
        return result

    monkeypatch.setattr(worker, "predict", differing)
    shades = {"little.png": 24, "none.png": 0, "much.png": 240}
    files = [
        (name, encoded(Picture.new("RGB", (24, 16), (red, 0, 0)))) for name, red in shades.items()
    ]
    posted = post(api, *files)
    run_all()
    body = api.get(posted["Location"], {"sort": "disagreement"}).json()
    assert [image["name"] for image in body["images"]] == ["much.png", "little.png", "none.png"]
    assert body["images"][2]["disagreement"] == 0
    assert body["images"][0]["disagreement"] == pytest.approx(20 / 24)


@pytest.mark.slow
def test_one_bad_file_does_not_stop_the_others(api: APIClient, worker: FakeEngine) -> None:
    cut = picture(1)[:700]
    content = zipped(
        {
            "good.png": picture(1),
            "cut.png": cut,
            "size.png": picture(2),
            "size.mask.png": mask(1, (9, 9)),
            "id.png": picture(3),
            "id.mask.png": mask(77),
        }
    )
    posted = post(api, ("set.zip", content), mask_dataset="camvid")
    run_all()
    body = api.get(posted["Location"]).json()
    found = {image["name"]: (image["state"], image["error"]) for image in body["images"]}
    assert found["good.png"] == ("DONE", None)
    assert found["cut.png"] == ("FAILED", "The image is damaged or cut off.")
    assert "9×9" in found["size.png"][1]
    assert "77" in found["id.png"][1]
    assert body["progress"] == {
        "images": 4,
        "refused": 3,
        "failed": 0,
        "masks": 2,
        "masks_expected": 2,
        "ended": True,
    }
    assert Image.objects.count() == 1
    table = zipfile.ZipFile(io.BytesIO(b"".join(api.get(body["results_url"]))))
    rows = list(csv.DictReader(io.StringIO(table.read("results.csv").decode())))
    assert sorted(row["state"] for row in rows) == ["DONE", "DONE", "FAILED", "FAILED", "FAILED"]


def test_a_sentence_in_the_uploaders_language(worker: FakeEngine) -> None:
    with translation.override("ko"):
        batch = services.batch_create(files=[upload(picture(1)[:700])], models=KEYS)
    run_all()
    error = batch.items.get().error
    assert error
    assert error != "The image is damaged or cut off."


# order


def test_what_somebody_watches_goes_first(
    api: APIClient, worker: FakeEngine, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(api, ("a.png", picture(1)), ("b.png", picture(2)))
    for _ in range(2):
        order.next_execute()
    assert Prediction.objects.filter(comparison__batch=None).count() == 0
    watched = comparison_create(image=image, models=KEYS[:1]).predictions.get()
    assert order.next_job() == watched
    order.next_execute()
    batched = Prediction.objects.filter(state=State.QUEUED).first()
    inside = Inside.objects.create(prediction=watched)
    ensemble = Ensemble.objects.create(comparison=batched.comparison, members=[], recipe="r")
    Inside.objects.update(queued_at=timezone.now())
    for job in (ensemble, inside):
        assert order.next_job() == job
        type(job).objects.filter(pk=job.pk).update(state=State.DONE)
    assert isinstance(order.next_job(), Prediction)


def test_a_batch_goes_checkpoint_by_checkpoint_warm_ones_first(
    api: APIClient, worker: FakeEngine, checkpoints: list[Checkpoint]
) -> None:
    worker.warm = frozenset({checkpoints[2].sha256})
    post(api, *((f"{n}.png", picture(n)) for n in range(3)))
    for _ in range(3):
        order.next_execute()
    keys = []
    while job := order.next_job():
        keys.append(Prediction.objects.get(pk=job.pk).checkpoint.key)
        order.next_execute()
    assert keys == [KEYS[1]] * 3 + [KEYS[0]] * 3


def test_a_second_attempt_finds_what_the_first_made(api: APIClient, worker: FakeEngine) -> None:
    """A worker that dies between the comparison and the end of its job leaves no second one."""
    post(api, ("a.png", picture(1)))
    item = BatchItem.objects.get()
    job_execute(model=BatchItem, pk=item.pk, device="cpu")
    first = Comparison.objects.get()
    BatchItem.objects.update(state=State.QUEUED, comparison=None)
    job_execute(model=BatchItem, pk=item.pk, device="cpu")
    assert Comparison.objects.get() == first
    assert Image.objects.count() == 1
    item.refresh_from_db()
    assert (item.comparison, item.attempt) == (first, 2)


def test_a_pane_counts_only_what_comes_before_it(
    api: APIClient, worker: FakeEngine, image: Image
) -> None:
    post(api, ("a.png", picture(1)))
    order.next_execute()
    assert Prediction.objects.count() == 2
    watched = comparison_create(image=image, models=KEYS).predictions.last()
    assert pane_of(watched, 2).before == 1


# who, and what is refused


def test_visitors_are_slowed_down(
    api: APIClient, worker: FakeEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"batch": "2/min", "anon": "100/min"}
    monkeypatch.setattr("inference.pace.BatchThrottle.THROTTLE_RATES", rates)
    for _ in range(2):
        assert post(api, ("a.png", picture(1))).status_code == 202
    assert post(api, ("a.png", picture(1))).status_code == 429
    body = {"files": upload(picture(1)), "models": KEYS}
    assertContains(client.post("/batches/new/", body), "wait a minute", status_code=422)


def test_an_idempotency_key_is_one_batch(api: APIClient, worker: FakeEngine) -> None:
    def once(seed: int, key: str) -> str:
        return post(api, ("a.png", picture(seed)), headers={"Idempotency-Key": key}).json()["id"]

    assert once(1, "k") == once(1, "k")
    assert once(1, "l") != once(1, "k")
    assert Batch.objects.count() == BatchItem.objects.count() == 2


def test_other_peoples_batches(api: APIClient, worker: FakeEngine) -> None:
    posted = post(api, ("a.png", picture(1)))
    results = posted.json()["results_url"]
    Batch.objects.update(owner=User.objects.create_user("ann"))
    for address in (posted["Location"], results, f"/api/v1/batches/{uuid4()}/"):
        assert api.get(address).status_code == 404
    assert Batch.objects.exists()


def test_only_ones_own_batch_is_deleted(api: APIClient, worker: FakeEngine) -> None:
    address = post(api, ("a.png", picture(1)))["Location"]
    assert api.get(address).status_code == 200
    assert api.delete(address).status_code == 404
    user = User.objects.create_user("ann")
    Batch.objects.update(owner=user)
    api.force_authenticate(user)
    assert api.delete(address).status_code == 204
    assert not Batch.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jobs", [0, 1, 2, 4])
def test_files_go_with_the_batch(
    jobs: int, api: APIClient, worker: FakeEngine, settings: Settings
) -> None:
    post(api, ("a.png", picture(1)), ("b.png", picture(2)))
    for _ in range(jobs):
        order.next_execute()
    services.batch_delete(batch=Batch.objects.get())
    left = [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}
    assert not any(model.objects.exists() for model in (BatchItem, Comparison, Image, Prediction))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_uploads_go_when_they_are_unpacked(
    api: APIClient, worker: FakeEngine, settings: Settings
) -> None:
    post(api, ("a.png", picture(1)), ("cut.png", picture(2)[:700]))
    folder = Path(settings.MEDIA_ROOT) / "batchitems"
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 2
    run_all()
    assert not [p for p in folder.rglob("*") if p.is_file()]


@pytest.mark.django_db(transaction=True)
def test_a_refused_batch_leaves_no_file(
    api: APIClient, worker: FakeEngine, settings: Settings
) -> None:
    response = post(api, ("a.png", picture(1)), ("b.png", b"no image"))
    assert response.status_code == 400
    assert response.json()["detail"].startswith("b.png: ")
    left = [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}
    assert not Batch.objects.exists()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def lying(content: bytes, *, encrypted: bool = False, size: int | None = None) -> bytes:
    """A zip whose central directory says something else of its one entry."""
    content = bytearray(content)
    start = content.rfind(b"PK\x01\x02")
    if encrypted:
        content[start + 8] |= 1
    if size is not None:
        content[start + 24 : start + 28] = struct.pack("<I", size)
    return bytes(content)


def broken_crc(content: bytes) -> bytes:
    content = bytearray(content)
    content[60] ^= 0xFF
    return bytes(content)


def many(count: int) -> bytes:
    return zipped({f"{'x' * 100}{number}.png": b"" for number in range(count)})


ONE = {"a.png": picture(1)}
BAD_ZIPS = {
    "parent": (zipped({"../../etc/a.png": picture()}), "a.png: its path leads out"),
    "absolute": (zipped({"/etc/a.png": picture()}), "a.png: its path leads out"),
    "backslash": (zipped({"..\\a.png": picture()}), "leads out"),
    "drive": (zipped({"C:a.png": picture()}), "leads out"),
    "link": (zipped({link("a.png"): b"/etc/passwd"}), "a.png: links"),
    "nested": (zipped({"inner.zip": zipped(ONE)}), "inner.zip: only images"),
    "program": (zipped(ONE | {"run.sh": b"#!/bin/sh"}), "run.sh: only images"),
    "too many": (zipped({f"{n}.png": picture(1) for n in range(51)}), "51 images"),
    "far too many": (many(12_000), "too many entries"),
    "encrypted": (lying(zipped(ONE), encrypted=True), "a.png: encrypted"),
    "shorter": (lying(zipped(ONE), size=10), "a.png"),
    "longer": (lying(zipped(ONE), size=2**31), "a.png: the file is larger"),
    "crc": (broken_crc(zipped(ONE)), "a.png: this entry"),
    "cut": (zipped(ONE)[:-30], "damaged or cut off"),
    "empty": (zipped({}), "no image"),
    "html": (zipped({"a.png": b"<script>alert(1)</script>"}), "a.png: This is not an image"),
    "bomb": (
        zipped({"a.png": encoded(Picture.new("1", (13_000, 13_000)))}),
        "a.png: The image has more than",
    ),
    "zeros": (
        zipped({"a.png": bytes(33 * 2**20)}, compression=zipfile.ZIP_DEFLATED),
        "a.png: the file is larger",
    ),
    "stray mask": (zipped(ONE | {"masks/b.png": mask()}), "masks/b.png: there is no image"),
    "mask of what": (zipped(ONE | {"masks/a.png": mask()}), "Say which data set"),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_bad_zips(kind: str, api: APIClient, worker: FakeEngine, sent: list[str]) -> None:
    content, words = BAD_ZIPS[kind]
    response = post(api, ("set.zip", content))
    assert response.status_code in (400, 413), response.content
    assert words in response.json()["detail"]
    assert sent == []
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"files": []}, "files"),
        ({"models": ["none"]}, "none"),
        ({"models": ["\x00"]}, ""),
        ({"scale": "huge"}, "scale"),
        ({"mask_dataset": "none"}, "mask_dataset"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_wrong_requests(
    body: dict[str, Any], words: str, api: APIClient, worker: FakeEngine
) -> None:
    response = post(api, ("a.png", picture()), **body)
    assert response.status_code == 400, response.content
    assert words in response.json()["detail"]


def test_too_much(api: APIClient, worker: FakeEngine, settings: Settings) -> None:
    many_files = [(f"{n}.png", picture()) for n in range(51)]
    assert post(api, *many_files).status_code == 400
    both = post(api, ("a.zip", zipped(ONE)), ("a.png", picture()))
    assert "one zip" in both.json()["detail"]
    settings.UPLOAD_MAX_BYTES = 400
    assert post(api, *many_files[:5]).status_code == 413


def test_too_many_models(api: APIClient, worker: FakeEngine, dataset: Dataset) -> None:
    from tests.inference.conftest import checkpoint_make

    keys = [checkpoint_make(dataset, f"camvid-net{n:02d}-slim").key for n in range(25)]
    response = post(api, ("a.png", picture()), models=keys)
    assert "at most 24" in response.json()["detail"]
    assert post(api, ("a.png", picture()), models=keys[:24]).status_code == 202


def test_names_are_cleaned(api: APIClient, worker: FakeEngine) -> None:
    posted = post(api, ("=1+cmd|calc.png", picture(1)), ("\u202egnp.exe.png", picture(2)))
    run_all()
    body = api.get(posted["Location"]).json()
    assert body["images"][1]["name"] == "gnp.exe.png"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(api.get(body["results_url"]))))
    rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))
    assert rows[0]["image"].startswith("'")
    for name in archive.namelist():
        assert ".." not in name
        assert not name.startswith("/")


def test_the_history_shows_no_batch(worker: FakeEngine, client: Client) -> None:
    body = {"files": upload(picture(1), "mine.png"), "models": KEYS, "scale": "model"}
    client.post("/batches/new/", body)
    run_all()
    assert Comparison.objects.exists()
    assert "mine.png" not in client.get("/history/").content.decode()
    assert "mine.png" not in client.get("/").content.decode()


# pages


@pytest.fixture
def page(worker: FakeEngine, client: Client) -> str:
    """The address of a batch that this browser made: one good image with a mask, one cut off."""
    half = np.zeros((16, 24), np.uint8)
    half[8:] = 1
    content = zipped(
        {
            "<b>good.png": picture(1),
            "masks/<b>good.png": encoded(Picture.fromarray(half)),
            "cut.png": picture(2)[:700],
        }
    )
    body = {
        "files": upload(content, "set.zip"),
        "models": KEYS,
        "mask_dataset": "",
        "scale": "model",
    }
    body["mask_dataset"] = str(Dataset.objects.get().pk)
    return client.post("/batches/new/", body)["Location"]


def test_the_page(page: str, client: Client) -> None:
    waiting = client.get(page)
    assertContains(waiting, "0 of 4 masks")
    assertContains(waiting, 'hx-trigger="every 2s"')
    assertContains(waiting, "&lt;b&gt;good.png")
    # As the page asks: what it was sorted by before there were scores does not stick.
    asked = html.unescape(re.search(r'hx-get="([^"]+)"', waiting.content.decode())[1])
    htmx = {"HX-Request": "true"}
    assert client.get(asked, headers=htmx).status_code == 204
    run_all()
    changed = client.get(asked, headers=htmx)
    assertContains(changed, "2 of 2 masks")
    assertContains(changed, "1 image could not be read")
    assertContains(changed, "The image is damaged or cut off.")
    assertNotContains(changed, "every 2s")
    assertNotContains(changed, "<html")
    assert changed.context["sort"] == "score"
    assertContains(changed, f"/api/v1/images/{Image.objects.get().pk}/truth/")
    for prediction in Prediction.objects.all():
        assertContains(changed, f"/api/v1/predictions/{prediction.pk}/mask/")
    assertContains(client.get("/batches/"), page)
    assertContains(client.get(f"/c/{Comparison.objects.get().pk}/"), f'href="{page}"')


def test_what_the_form_refuses(worker: FakeEngine, client: Client) -> None:
    htmx = {"HX-Request": "true"}
    for files, words in (
        ([], "Choose images"),
        ([upload(b"", "a.png")], "a.png: The file is empty."),
        ([upload(zipped({"../a.png": b""}), "a.zip")], "leads out of the zip"),
    ):
        body = {"files": files, "models": KEYS, "scale": "model"}
        refused = client.post("/batches/new/", body, headers=htmx)
        assertContains(refused, words, status_code=422)
        assertContains(refused, "<form", status_code=422)
    assert not Batch.objects.exists()


def test_far_too_large_is_refused_unread(
    worker: FakeEngine, client: Client, api: APIClient, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    body = {"files": upload(bytes(2**20 + 200), "a.png"), "models": KEYS}
    assert client.post("/batches/new/", body).status_code == 413
    body["files"].seek(0)
    assert api.post("/api/v1/batches/", body, format="multipart").status_code == 413


def test_pages_of_others(page: str, client: Client, django_user_model: type[User]) -> None:
    other = Client()
    assert other.get(page).status_code == 200  # whoever knows the id
    assertNotContains(other.get(page), "Delete this batch")
    assert other.post(f"{page}delete/").status_code == 404
    assertNotContains(other.get("/batches/"), page)
    Batch.objects.update(owner=django_user_model.objects.create_user("ann"))
    assert client.get(page).status_code == 404


def test_delete(page: str, client: Client) -> None:
    run_all()
    assertContains(client.get(page), "Delete this batch")
    assertRedirects(client.post(f"{page}delete/"), "/batches/")
    assert not Comparison.objects.exists()
    assert not Image.objects.exists()


@pytest.mark.slow
def test_a_page_takes_a_fixed_number_of_queries(
    worker: FakeEngine, client: Client, django_assert_max_num_queries: Any
) -> None:
    files = [upload(picture(n), f"{n}.png") for n in range(6)]
    body = {"files": files, "models": KEYS, "scale": "model"}
    page = client.post("/batches/new/", body)["Location"]
    run_all()
    with django_assert_max_num_queries(12):
        client.get(page)


def test_a_batch_begins_with_what_each_model_did(
    api: APIClient, client: Client, worker: FakeEngine
) -> None:
    files = {f"{name}.png": picture(seed) for seed, name in enumerate("abc")}
    files |= {f"masks/{name}.png": mask() for name in "ab"}
    posted = post(api, ("walk.zip", zipped(files)), mask_dataset="camvid")
    assert posted.json()["name"] == "walk"  # nobody named it
    run_all()
    batch = Batch.objects.get()
    mious = {("a.png", KEYS[0]): 0.9, ("a.png", KEYS[1]): 0.1, ("b.png", KEYS[0]): 0.2}
    mious |= {("b.png", KEYS[1]): 0.4}
    for (name, key), miou in mious.items():
        Prediction.objects.filter(comparison__item__name=name, checkpoint__key=key).update(
            scores={"miou": miou}, latency_ms=40
        )
    page = client.get(f"/batches/{batch.pk}/")
    assertContains(page, "mIoU of 2 images")
    lines = batch_models(batch_tiles(batch))
    assert [(line.checkpoint.key, round(line.miou, 3), line.best) for line in lines] == [
        (KEYS[0], 0.55, 1),
        (KEYS[1], 0.25, 1),
    ]
    assert {(line.scored, line.masks, line.failed) for line in lines} == {(2, 3, 0)}
    # An image that one of them has no score for counts for none: means are of the same images.
    Prediction.objects.filter(comparison__item__name="b.png", checkpoint__key=KEYS[1]).update(
        scores=None, mask="", state=State.FAILED
    )
    lines = batch_models(batch_tiles(batch))
    assert [(line.miou, line.scored, line.failed) for line in lines] == [(0.9, 1, 0), (0.1, 1, 1)]
    assert batch_progress(batch, batch_tiles(batch)).failed == 1

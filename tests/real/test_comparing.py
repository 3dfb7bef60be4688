"""Comparing through real processes: twelve models, an ensemble, insides, a batch."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from inference.images.votes import vote_entropy
from tests.inference.pictures import encoded, noise, upload
from tests.stack import Stack, stack_up, tiny_checkpoint
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TWELVE = (
    "fcn32s",
    "fcn16s",
    "fcn8s",
    "deconvnet",
    "segnet",
    "segnet_basic",
    "unet",
    "fc_densenet56",
    "deeplab_v1",
    "dilatednet_front",
    "deeplab_v2_vgg16",
    "pspnet_resnet50",
)
WIDTH, HEIGHT = 96, 64


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with twelve untrained networks, a worker and a sweeper."""
    folder = tmp_path_factory.mktemp("weights")
    weights = [tiny_checkpoint(folder, architecture) for architecture in TWELVE]
    stack = stack_up(tmp_path_factory.mktemp("stack") / "var", *weights)
    stack.start("worker", "sweeper")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """A true mask with CamVid's classes and its void."""
    return np.random.default_rng(5).integers(0, 12, (HEIGHT, WIDTH), np.uint8)


@pytest.fixture(scope="module")
def compared(stack: Stack, truth: np.ndarray) -> dict[str, Any]:
    """A comparison of all twelve, done."""
    form = {
        "file": upload(noise(WIDTH, HEIGHT)),
        "mask": upload(Image.fromarray(truth)),
        "mask_dataset": "camvid",
    }
    body = encode_multipart(BOUNDARY, form)
    _, answer, _ = stack.call("images/", body, Content_Type=MULTIPART_CONTENT)
    done = stack.wait_for(stack.comparison_post(json.loads(answer)["id"]), seconds=200)
    assert {prediction["state"] for prediction in done["predictions"]} == {"DONE"}
    return done


def post(stack: Stack, path: str, **body: Any) -> dict[str, Any]:
    status, answer, _ = stack.call(path, json.dumps(body).encode(), Content_Type="application/json")
    assert status == 202, answer
    return json.loads(answer)


def ended(stack: Stack, job: dict[str, Any]) -> dict[str, Any]:
    """A job once it has ended."""
    found: dict[str, Any] = {}

    def there() -> bool:
        found.update(stack.get(job["url"]))
        return found["state"] in ("DONE", "FAILED", "LOST")

    wait_until(there, seconds=120)
    assert (found["state"], found["error"]) == ("DONE", None)
    return found


def picture(stack: Stack, url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(stack.call(url)[1])))


def test_twelve_models(stack: Stack, compared: dict[str, Any], truth: np.ndarray) -> None:
    predictions = compared["predictions"]
    assert [p["model"] for p in predictions] == [f"camvid-{key}-slim" for key in TWELVE]
    masks = [picture(stack, prediction["mask_url"]) for prediction in predictions]
    for prediction, mask in zip(predictions, masks, strict=True):
        assert prediction["memory_bytes"] > prediction["parameters"]
        assert prediction["load_ms"] is not None  # nothing was warm
        raw = stack.call(f"{prediction['mask_url']}?as=ids")
        assert raw[2]["Content-Encoding"] == "gzip"
        assert gzip.decompress(raw[1]) == mask.tobytes()
        top3 = gzip.decompress(stack.call(prediction["top3_url"])[1])
        assert top3[: mask.size] == mask.tobytes()
        assert len(top3) == 6 * mask.size

    agreement = stack.get(f"comparisons/{compared['id']}/agreement/")
    by_id = {p["id"]: mask for p, mask in zip(predictions, masks, strict=True)}
    assert len(agreement["pairs"]) == len(list(combinations(TWELVE, 2)))
    for pair in agreement["pairs"]:
        same = np.mean(by_id[pair["a"]] == by_id[pair["b"]])
        assert pair["agreement"] == pytest.approx(same)
    assert agreement["entropy_mean"] == pytest.approx(vote_entropy(masks).mean(), rel=1e-5)

    scores = stack.get(f"comparisons/{compared['id']}/truth/")["predictions"]
    for found, mask in zip(scores, masks, strict=True):
        assert found["right"] == np.count_nonzero((mask == truth) & (truth != 11))
        assert found["ignored"] == np.count_nonzero(truth == 11)
    shown = picture(stack, f"images/{compared['image']['id']}/truth/")
    assert np.array_equal(shown, truth)


def test_a_second_comparison_finds_warm_networks(stack: Stack, compared: dict[str, Any]) -> None:
    again = stack.comparison_post(compared["image"]["id"], ["camvid-pspnet_resnet50-slim"])
    (prediction,) = stack.wait_for(again)["predictions"]
    assert prediction["load_ms"] is None


def test_an_ensemble(stack: Stack, compared: dict[str, Any], truth: np.ndarray) -> None:
    members = [prediction["id"] for prediction in compared["predictions"]]
    weights = [1 + number % 3 for number in range(12)]
    path = f"comparisons/{compared['id']}/ensembles/"
    for combine in ("mean", "product"):
        done = ended(stack, post(stack, path, members=members, weights=weights, combine=combine))
        mask = picture(stack, done["mask_url"])
        counted = truth != 11
        assert done["scores"]["right"] == np.count_nonzero((mask == truth) & counted)
        for member, prediction in zip(done["members"], compared["predictions"], strict=True):
            own = picture(stack, prediction["mask_url"])
            assert member["changed"] == np.count_nonzero(mask != own)
            gained = np.count_nonzero((mask == truth) & counted)
            gained -= np.count_nonzero((own == truth) & counted)
            assert member["better"] - member["worse"] == gained
            assert abs(member["marginal"]) < 1
    unet = members[TWELVE.index("unet")]  # an untrained FCN says nothing, all classes are alike
    alone = {"members": [unet, members[0]], "weights": [1, 0]}
    done = ended(stack, post(stack, path, **alone))
    # In half precision two classes may be equally likely, and either is right.
    assert done["members"][0]["changed"] <= 0.005 * WIDTH * HEIGHT


@pytest.mark.parametrize(("key", "unpoolings"), [("segnet", 5), ("deconvnet", 5), ("fcn8s", 0)])
def test_insides(key: str, unpoolings: int, stack: Stack, compared: dict[str, Any]) -> None:
    prediction = compared["predictions"][TWELVE.index(key)]
    done = ended(stack, post(stack, f"predictions/{prediction['id']}/insides/", x=50, y=20))
    kinds = [entry["kind"] for entry in done["strip"]]
    assert kinds.count("unpool") == unpoolings
    assert kinds
    for entry in done["strip"]:
        assert picture(stack, entry["image_url"]).shape == (entry["height"], entry["width"])
    field = done["field"]
    assert picture(stack, field["heat_url"]).shape == (HEIGHT, WIDTH)
    left, _, right, _ = field["box"]
    assert (left + right) / 2 == 50
    assert right - left == field["theoretical_side"]


def zip_of(images: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(images):
            archive.writestr(f"{number}.png", encoded(noise(WIDTH, HEIGHT, seed=number)))
        archive.writestr("masks/0.png", encoded(Image.new("L", (WIDTH, HEIGHT), 3)))
        archive.writestr("cut.png", encoded(noise(WIDTH, HEIGHT))[:3000])
    return buffer.getvalue()


def batch_post(stack: Stack, images: int, *models: str) -> dict[str, Any]:
    form = {"files": upload(zip_of(images), "set.zip"), "mask_dataset": "camvid"}
    form["models"] = [f"camvid-{key}-slim" for key in models]
    body = encode_multipart(BOUNDARY, form)
    status, answer, _ = stack.call("batches/", body, Content_Type=MULTIPART_CONTENT)
    assert status == 202, answer
    return json.loads(answer)


def batch_ended(stack: Stack, batch: dict[str, Any]) -> dict[str, Any]:
    wait_until(lambda: stack.get(batch["url"])["progress"]["ended"], seconds=200)
    return stack.get(f"{batch['url']}?sort=score")


def test_a_batch_behind_what_somebody_watches(stack: Stack, compared: dict[str, Any]) -> None:
    batch = batch_post(stack, 12, "unet", "fcn8s")
    watched = stack.comparison_post(compared["image"]["id"], ["camvid-segnet-slim"])
    stack.wait_for(watched, "DONE")
    behind = stack.get(batch["url"])["progress"]
    done = batch_ended(stack, batch)
    assert behind["masks"] < behind["masks_expected"]
    assert done["progress"] == {
        "images": 13,
        "refused": 1,
        "failed": 0,
        "masks": 24,
        "masks_expected": 24,
        "ended": True,
    }
    assert done["images"][0]["name"] == "0.png"  # the one with a score
    results = zipfile.ZipFile(io.BytesIO(stack.call(done["results_url"])[1]))
    assert len(results.namelist()) == 24 + 1
    coco = json.loads(stack.call(f"{done['results_url']}?as=coco&model=camvid-fcn8s-slim")[1])
    assert len(coco["images"]) == 12
    assert sum(a["area"] for a in coco["annotations"]) == 12 * WIDTH * HEIGHT


def test_a_worker_killed_in_the_middle_of_a_batch(stack: Stack) -> None:
    batch = batch_post(stack, 6, "unet", "fcn32s")
    wait_until(lambda: stack.get(batch["url"])["progress"]["masks"] > 2, seconds=120)
    stack.kill("worker")
    stack.redis().flushall()
    stack.start("worker")
    done = batch_ended(stack, batch)
    assert (done["progress"]["masks"], done["progress"]["refused"]) == (12, 1)
    states = {image["state"] for image in done["images"] if image["name"] != "cut.png"}
    assert states == {"DONE"}


def test_deleting_leaves_no_file(stack: Stack, compared: dict[str, Any]) -> None:
    """By the database: the folders of what was deleted are gone with it."""
    media = Path(stack.var) / "media"
    before = {path.parent.name for path in media.rglob("*") if path.is_file()}
    assert before >= {prediction["id"] for prediction in compared["predictions"]}
    stack.python(
        "-c",
        "import django; django.setup()\n"
        "from inference.models import Batch, Comparison\n"
        "from inference.compare.services import comparison_delete\n"
        "from inference.batches.services import batch_delete\n"
        "[batch_delete(batch=batch) for batch in Batch.objects.all()]\n"
        "[comparison_delete(comparison=one) for one in Comparison.objects.all()]\n",
    )
    left = [path for path in media.rglob("*") if path.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}

"""What the compare page's panels ask for: raw masks, the truth, agreement, cost and size."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Picture
from rest_framework.test import APIClient

from experiments.models import Checkpoint, Dataset
from inference.compare import services
from inference.comparisons import comparison_create
from inference.images.masks import top3_pack
from inference.images.services import image_create
from inference.images.votes import vote_entropy
from inference.models import Comparison, Image, Prediction
from models_zoo.metrics import confusion, scores
from segweb.jobs import job_execute
from tests.inference.conftest import FakeEngine, checkpoint_make
from tests.inference.pictures import noise, opened, upload

pytestmark = pytest.mark.django_db


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def scored(
    dataset: Dataset,
    checkpoints: list[Checkpoint],
    truth: np.ndarray,
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> Comparison:
    """Three predictions that differ, of an image with a true mask."""
    mask = upload(Picture.fromarray(truth))
    image = image_create(file=upload(noise()), mask=mask, mask_dataset=dataset)
    comparison = comparison_create(image=image)
    predict = fake_engine.predict
    for turn, prediction in enumerate(comparison.predictions.all()):

        def turned(*args: Any, turn: int = turn, **how: Any) -> Any:
            result = predict(*args, **how)
            result.mask[:, : 5 * turn] = turn
            result.top_classes[0] = result.mask
            return result

        monkeypatch.setattr(fake_engine, "predict", turned)
        job_execute(model=Prediction, pk=prediction.pk, device="cpu")
    return Comparison.objects.get(pk=comparison.pk)


def masks(comparison: Comparison) -> list[np.ndarray]:
    return [np.asarray(opened(prediction.mask)) for prediction in comparison.predictions.all()]


def get(api: APIClient, comparison: Comparison, part: str = "", **query: str) -> Any:
    return api.get(f"/api/v1/comparisons/{comparison.pk}/{part}", query)


def test_ids_and_top3_are_the_stored_bytes_gzipped(api: APIClient, scored: Comparison) -> None:
    prediction = scored.predictions.last()
    address = f"/api/v1/predictions/{prediction.pk}/mask/"
    ids = api.get(address, {"as": "ids"})
    assert ids["Content-Encoding"] == "gzip"
    assert gzip.decompress(content(ids)) == np.asarray(opened(prediction.mask)).tobytes()
    top3 = content(api.get(address, {"as": "top3"}))
    with prediction.top3.open() as file:
        assert top3 == file.read()
    assert len(gzip.decompress(top3)) == 6 * 16 * 24
    assert "immutable" in ids["Cache-Control"]


def test_top3_of_this_and_of_earlier_versions(api: APIClient, scored: Comparison) -> None:
    """These stored an npz: whichever it is, both downloads say the same."""
    random = np.random.default_rng(0)
    classes, probabilities = random.integers(0, 256, (2, 3, 16, 24), np.uint8)
    npz = io.BytesIO()
    np.savez_compressed(npz, classes=classes, probabilities=probabilities)
    prediction = scored.predictions.last()
    address = f"/api/v1/predictions/{prediction.pk}/mask/"
    for name, file in (("9.npz", npz.getvalue()), ("9.gz", top3_pack(classes, probabilities))):
        prediction.top3 = default_storage.save(f"{prediction.folder}/{name}", ContentFile(file))
        prediction.save()
        bare = gzip.decompress(content(api.get(address, {"as": "top3"})))
        assert bare == classes.tobytes() + probabilities.tobytes()
        with np.load(io.BytesIO(content(api.get(address, {"as": "npz"})))) as top3:
            assert np.array_equal(top3["classes"], classes)
            assert np.array_equal(top3["probabilities"], probabilities)


def test_the_true_mask(api: APIClient, scored: Comparison, image: Image, truth: np.ndarray) -> None:
    served = api.get(f"/api/v1/images/{scored.image_id}/truth/")
    assert np.array_equal(Picture.open(io.BytesIO(content(served))), truth)
    assert api.get(f"/api/v1/images/{image.pk}/truth/").status_code == 404


def test_scores_against_the_truth(api: APIClient, scored: Comparison, truth: np.ndarray) -> None:
    body = get(api, scored, "truth/").json()
    assert [entry["name"] for entry in body["classes"]] == ["sky", "road", "car"]
    assert body["ignore_index"] == 255
    assert len(body["predictions"]) == 3
    for found, mask in zip(body["predictions"], masks(scored), strict=True):
        counts = confusion(truth, mask, 3, 255)
        wanted = scores(counts)
        assert {name: found[name] for name in ("miou", "per_class_iou", "pixel_accuracy")} == {
            name: wanted[name] for name in ("miou", "per_class_iou", "pixel_accuracy")
        }
        counted = truth != 255
        assert found["right"] == np.count_nonzero((mask == truth) & counted)
        assert found["wrong"] == np.count_nonzero((mask != truth) & counted)
        assert found["ignored"] == 24
        for number in range(3):
            false = (mask == number) & (truth != number) & counted
            missed = (mask != number) & (truth == number) & counted
            assert found["false"][number] == np.count_nonzero(false)
            assert found["missed"][number] == np.count_nonzero(missed)
        assert 0 < found["boundary_iou"] <= 1


def test_no_truth_no_scores(
    api: APIClient,
    image: Image,
    checkpoints: list[Checkpoint],
    execute_all: Callable[[Comparison], None],
) -> None:
    comparison = comparison_create(image=image)
    execute_all(comparison)
    body = get(api, comparison, "truth/").json()
    assert body == {"classes": [], "ignore_index": None, "predictions": []}


def test_agreement(api: APIClient, scored: Comparison) -> None:
    body = get(api, scored, "agreement/").json()
    found = masks(scored)
    ids = [str(prediction.pk) for prediction in scored.predictions.all()]
    assert [(p["a"], p["b"]) for p in body["pairs"]] == [
        (ids[0], ids[1]),
        (ids[0], ids[2]),
        (ids[1], ids[2]),
    ]
    for pair in body["pairs"]:
        a, b = found[ids.index(pair["a"])], found[ids.index(pair["b"])]
        assert pair["agreement"] == pytest.approx(np.mean(a == b))
        for swap in pair["swaps"]:
            swapped = (a == swap["a_class"]) & (b == swap["b_class"])
            assert swap["share"] == pytest.approx(swapped.mean())
            assert swap["a_class"] != swap["b_class"]
        assert sum(swap["share"] for swap in pair["swaps"]) == pytest.approx(np.mean(a != b))
    (group,) = body["groups"]
    assert group["predictions"] == ids
    assert group["entropy_mean"] == body["entropy_mean"]
    for number, share in enumerate(group["disputed"]):
        calls = np.stack([mask == number for mask in found])
        assert share == pytest.approx((calls.any(axis=0) & ~calls.all(axis=0)).mean())
    votes = np.stack([(np.stack(found) == number).mean(axis=0) for number in range(3)])
    logs = np.log2(votes, out=np.zeros_like(votes), where=votes > 0)
    assert body["entropy_mean"] == pytest.approx(-(votes * logs).sum(axis=0).mean(), rel=1e-6)


def test_entropy_of_extremes() -> None:
    same, other = np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)
    assert not vote_entropy([same] * 12).any()
    assert np.allclose(vote_entropy([same, other]), 1)
    different = [np.full((2, 2), number, np.uint8) for number in range(8)]
    assert np.allclose(vote_entropy(different), 3)


def test_agreement_is_kept_when_all_have_ended(api: APIClient, scored: Comparison) -> None:
    assert scored.agreement is not None
    marked = scored.agreement | {"entropy_mean": 0.125}
    Comparison.objects.update(agreement=marked)
    assert get(api, scored, "agreement/").json()["entropy_mean"] == 0.125


def test_agreement_before_the_end_is_not_kept(
    api: APIClient, image: Image, checkpoints: list[Checkpoint], fake_engine: FakeEngine
) -> None:
    comparison = comparison_create(image=image)
    assert get(api, comparison, "agreement/").json()["pairs"] == []
    first, second, _ = comparison.predictions.all()
    for prediction in (first, second):
        job_execute(model=Prediction, pk=prediction.pk, device="cpu")
    assert len(get(api, comparison, "agreement/").json()["pairs"]) == 1
    assert Comparison.objects.get().agreement is None


def test_agreement_only_within_one_class_list(
    api: APIClient, checkpoints: list[Checkpoint], execute_all: Callable[[Comparison], None]
) -> None:
    scenes = Dataset.objects.create(
        slug="scenes",
        title="Scenes",
        classes=[entry | {"name": f"other {entry['id']}"} for entry in checkpoints[0].classes],
    )
    others = [checkpoint_make(scenes, f"scenes-{name}-slim") for name in ("unet", "fcn8s")]
    comparison = comparison_create(
        image=image_create(file=upload(noise())),
        models=[entry.key for entry in (others[0], *checkpoints, others[1])],
    )
    execute_all(comparison)
    body = get(api, comparison, "agreement/").json()
    assert [len(group["predictions"]) for group in body["groups"]] == [2, 3]
    assert len(body["pairs"]) == 1 + 3


def test_what_a_prediction_cost(api: APIClient, scored: Comparison) -> None:
    first = get(api, scored).json()["predictions"][0]
    assert (first["parameters"], first["memory_bytes"]) == (700_000, 3_000_000)
    assert first["scored"] == {"height": 16, "width": 24, "tiled": False, "shrunk": False}
    assert first["top3_url"].endswith(f"/predictions/{first['id']}/mask/?as=top3")


def test_in_tiles(
    api: APIClient, image: Image, checkpoints: list[Checkpoint], fake_engine: FakeEngine
) -> None:
    body = {"image": str(image.pk), "models": [checkpoints[0].key], "scale": "tiles"}
    posted = api.post("/api/v1/comparisons/", body, format="json").json()
    assert posted["scale"] == "tiles"
    job_execute(model=Prediction, pk=posted["predictions"][0]["id"], device="cpu")
    (done,) = api.get(posted["url"]).json()["predictions"]
    assert done["scored"]["tiled"]
    refused = api.post("/api/v1/comparisons/", body | {"scale": "huge"}, format="json")
    assert refused.status_code == 400
    assert "scale" in refused.json()["detail"]


def test_a_share_link_reaches_all_of_it(api: APIClient, scored: Comparison) -> None:
    owner = User.objects.create_user("ann")
    Comparison.objects.update(owner=owner)
    Image.objects.update(owner=owner)
    token = services.comparison_share(comparison=scored)
    image = f"/api/v1/images/{scored.image_id}/truth/"
    for part in ("truth/", "agreement/"):
        assert get(api, scored, part).status_code == 404
        assert get(api, scored, part, share=token).status_code == 200
    assert api.get(image).status_code == 404
    assert content(api.get(image, {"share": token}))
    top3 = get(api, scored, share=token).json()["predictions"][0]["top3_url"]
    assert len(gzip.decompress(content(api.get(top3)))) == 2 * 3 * 16 * 24


@pytest.mark.parametrize("part", ["comparisons/{}/truth/", "comparisons/{}/agreement/"])
def test_unknown_ids(part: str, api: APIClient) -> None:
    assert api.get("/api/v1/" + part.format(uuid4())).status_code == 404
    assert api.get("/api/v1/" + part.format("x")).status_code == 404

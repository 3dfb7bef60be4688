"""Ensembles and looks into networks, from the request to what the worker finds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from PIL import Image as Picture
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Dataset
from inference.compare import services
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import Comparison, Ensemble, Inside, Prediction
from inference.models.jobs import NO_MEMORY
from inference.worker import order, warm
from inference.worker.weights import checkpoint_weights
from models_zoo.metrics import confusion, scores
from models_zoo.predict.engine import Engine
from models_zoo.predict.ensembling import combined_blocks
from models_zoo.predict.insides import decoder_strip
from models_zoo.predict.receptive_field import effective_field, theoretical_side
from segweb.jobs import State, job_execute
from tests.inference.networks import checkpoint_write
from tests.inference.pictures import noise, opened, upload

pytestmark = pytest.mark.django_db
SIZE = (40, 56)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A real one, small enough for tests."""
    engine = Engine(1 << 30, precision="fp32")
    monkeypatch.setattr(warm, "engine", lambda: engine)
    return engine


@pytest.fixture
def comparison(dataset: Dataset, tmp_path: Path, engine: Engine, sent: list[str]) -> Comparison:
    """U-Net, SegNet and FCN-8s on an image with a true mask, done."""
    for architecture in ("unet", "segnet", "fcn8s"):
        checkpoint_write(dataset, architecture, tmp_path)
    truth = np.random.default_rng(1).integers(0, 3, SIZE, np.uint8)
    truth[:3] = 255
    image = image_create(
        file=upload(noise(SIZE[1], SIZE[0])),
        mask=upload(Picture.fromarray(truth)),
        mask_dataset=dataset,
    )
    comparison = comparison_create(image=image)
    for prediction in comparison.predictions.all():
        job_execute(model=Prediction, pk=prediction.pk, device="cpu")
    assert comparison.state == State.DONE
    return comparison


def ids(comparison: Comparison) -> list[str]:
    return [str(prediction.pk) for prediction in comparison.predictions.all()]


def ensemble_post(api: APIClient, comparison: Comparison, **body: Any) -> Any:
    address = f"/api/v1/comparisons/{comparison.pk}/ensembles/"
    return api.post(address, body, format="json")


def inside_post(api: APIClient, prediction: Any, **body: Any) -> Any:
    return api.post(f"/api/v1/predictions/{prediction}/insides/", body, format="json")


def picture(api: APIClient, url: str) -> np.ndarray:
    response = api.get(url)
    assert response["Content-Type"] == "image/png"
    return np.asarray(Picture.open(io.BytesIO(b"".join(response.streaming_content))))


# ensembles


@pytest.mark.parametrize("combine", ["mean", "product"])
def test_an_ensemble_from_post_to_worth(
    combine: str, api: APIClient, comparison: Comparison, engine: Engine, sent: list[str]
) -> None:
    members, weights = ids(comparison), [1, 0.5, 2]
    posted = ensemble_post(api, comparison, members=members, weights=weights, combine=combine)
    assert posted.status_code == 202
    body = posted.json()
    assert body["state"] == "QUEUED"
    assert body["mask_url"] is None
    assert body["members"][1] == {
        "id": members[1],
        "weight": 0.5,
        "changed": None,
        "better": None,
        "worse": None,
        "marginal": None,
    }
    order.next_execute()
    body = api.get(posted["Location"]).json()
    assert (body["state"], body["error"]) == ("DONE", None)

    predictions = list(comparison.predictions.all())
    masks = np.zeros((4, *SIZE), np.uint8)
    for rows, columns, found, without in combined_blocks(
        engine,
        [checkpoint_weights(checkpoint=prediction.checkpoint) for prediction in predictions],
        np.asarray(noise(SIZE[1], SIZE[0])),
        shares=weights,
        combine=combine,
    ):
        masks[:, rows, columns] = [found, *without]
    assert np.array_equal(picture(api, body["mask_url"]), masks[0])
    truth = np.asarray(opened(comparison.image.mask))
    whole = scores(confusion(truth, masks[0], 3, 255))
    assert body["scores"]["miou"] == whole["miou"]
    for member, prediction, mask in zip(body["members"], predictions, masks[1:], strict=True):
        own = np.asarray(opened(prediction.mask))
        changed, counted = masks[0] != own, truth != 255
        assert member["changed"] == np.count_nonzero(changed)
        assert member["better"] == np.count_nonzero(changed & counted & (masks[0] == truth))
        assert member["worse"] == np.count_nonzero(changed & counted & (own == truth))
        without = scores(confusion(truth, mask, 3, 255))["miou"]
        assert member["marginal"] == pytest.approx(whole["miou"] - without)


def test_without_a_truth_only_changes_are_known(
    api: APIClient, comparison: Comparison, engine: Engine
) -> None:
    comparison.image.mask.delete()
    body = ensemble_post(api, comparison, members=ids(comparison)[:2]).json()
    order.next_execute()
    done = api.get(body["url"]).json()
    assert (done["state"], done["scores"]) == ("DONE", None)
    assert [member["weight"] for member in done["members"]] == [1, 1]
    for member in done["members"]:
        assert member["changed"] >= 0
        assert (member["better"], member["worse"], member["marginal"]) == (None, None, None)


def test_asked_for_again_it_is_the_same_one(
    api: APIClient, comparison: Comparison, sent: list[str]
) -> None:
    first, second, _ = ids(comparison)
    one = ensemble_post(api, comparison, members=[first, second], weights=[1, 3]).json()
    same = ensemble_post(api, comparison, members=[second, first], weights=[6, 2]).json()
    other = ensemble_post(api, comparison, members=[first, second], weights=[3, 1]).json()
    assert one["id"] == same["id"] != other["id"]
    assert Ensemble.objects.count() == 2


def test_what_failed_is_tried_anew(api: APIClient, comparison: Comparison) -> None:
    first = ensemble_post(api, comparison, members=ids(comparison)).json()
    Ensemble.objects.update(state=State.FAILED)
    again = ensemble_post(api, comparison, members=ids(comparison)).json()
    assert again["id"] != first["id"]
    assert Ensemble.objects.get().state == State.QUEUED


def test_wrong_ensembles(api: APIClient, comparison: Comparison, dataset: Dataset) -> None:
    first, second, third = ids(comparison)

    def refused(words: str, **body: Any) -> None:
        response = ensemble_post(api, comparison, **body)
        assert response.status_code == 400, response.content
        assert words in response.json()["detail"]

    refused("members", members="all")
    refused("two models", members=[])
    refused("members", members=["x"])
    refused("members", members=[str(uuid4())] * 65)
    refused("two models", members=[first])
    refused("each once", members=[first, first])
    refused("this comparison's", members=[first, str(uuid4())])
    refused("weight", members=[first, second], weights=[1])
    refused("weight", members=[first, second], weights=[1, -1])
    refused("weight", members=[first, second], weights=[1e308, 1e308])  # together infinite
    refused("above 0", members=[first, second], weights=[0, 0])
    refused("weights", members=[first, second], weights=["a", 1])
    refused("combine", members=[first, second], combine="vote")
    # NaN and Infinity are no JSON, but Python's parser takes them unless it is strict.
    raw = f'{{"members": ["{first}", "{second}"], "weights": [1, Infinity]}}'
    address = f"/api/v1/comparisons/{comparison.pk}/ensembles/"
    assert api.post(address, raw, content_type="application/json").status_code == 400
    Prediction.objects.filter(pk=third).update(state=State.RUNNING)
    refused("done", members=[first, third])
    checkpoint = Prediction.objects.get(pk=second).checkpoint
    checkpoint.sidecar["classes"] = [c | {"name": c["name"] + "s"} for c in checkpoint.classes]
    checkpoint.save()
    refused("different classes", members=[first, second])
    assert not Ensemble.objects.exists()


# insides


def test_a_look_inside_without_a_pixel(
    api: APIClient, comparison: Comparison, engine: Engine
) -> None:
    segnet = comparison.predictions.all()[1]
    posted = inside_post(api, segnet.pk)
    assert posted.status_code == 202
    order.next_execute()
    body = api.get(posted["Location"]).json()
    assert (body["state"], body["field"]) == ("DONE", None)
    network, _ = engine.network(*checkpoint_weights(checkpoint=segnet.checkpoint))
    wanted = decoder_strip(network, batch(segnet))
    shown = [(entry["name"], entry["kind"]) for entry in body["strip"]]
    assert shown == [(activation.name, activation.kind) for activation in wanted]
    for entry, activation in zip(body["strip"], wanted, strict=True):
        grey = picture(api, entry["image_url"])
        assert grey.shape == (entry["height"], entry["width"]) == activation.map.shape
        levels = activation.map * (255 / (activation.map.max() or 1))
        assert np.abs(grey - levels).max() <= 0.5


def batch(prediction: Prediction) -> Any:
    from inference.lab.looking import _batch

    checkpoint = prediction.checkpoint
    network, _ = warm.engine().network(*checkpoint_weights(checkpoint=checkpoint))
    pixels = np.asarray(warm.picture_of(prediction.comparison.image))
    return _batch(network, checkpoint.sidecar, pixels, pixels.shape[:2])


def test_the_field_of_a_pixel(
    api: APIClient,
    comparison: Comparison,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inference.lab.looking.SAMPLES", 0)
    segnet = comparison.predictions.all()[1]
    posted = inside_post(api, segnet.pk, x=20, y=30)
    order.next_execute()
    field = api.get(posted["Location"]).json()["field"]
    network, _ = engine.network(*checkpoint_weights(checkpoint=segnet.checkpoint))
    wanted = effective_field(network, [batch(segnet)], 30, 20)
    heat = picture(api, field["heat_url"])
    assert heat.shape == SIZE
    assert np.abs(heat - wanted * (255 / wanted.max())).max() <= 0.5
    side = theoretical_side("segnet", {})
    assert field["theoretical_side"] == side
    assert field["box"] == [20 - side / 2, 30 - side / 2, 20 + side / 2, 30 + side / 2]
    assert field["ratio"] == pytest.approx(field["effective_side"] / side)
    assert field["effective_side"] ** 2 == pytest.approx(np.sum(wanted > 0.0455 * wanted.max()))


def test_the_field_of_a_large_image_is_in_its_pixels(
    api: APIClient, comparison: Comparison, dataset: Dataset, engine: Engine
) -> None:
    """Shrunk to a quarter of its pixels, an image has a box of twice the side."""
    large = comparison_create(
        image=image_create(file=upload(noise(128, 96))), models=["camvid-segnet-slim"]
    )
    order.next_execute()
    posted = inside_post(api, large.predictions.get().pk, x=127, y=0)
    order.next_execute()
    field = api.get(posted["Location"]).json()["field"]
    assert field["theoretical_side"] == 2 * theoretical_side("segnet", {})
    assert picture(api, field["heat_url"]).shape == (96, 128)


def test_wrong_looks(api: APIClient, comparison: Comparison) -> None:
    first = ids(comparison)[0]
    for body, words in (
        ({"x": 3}, "both"),
        ({"x": 56, "y": 0}, "outside"),
        ({"x": 0, "y": 40}, "outside"),
        ({"x": -1, "y": 0}, "x"),
        ({"x": "a", "y": 0}, "x"),
    ):
        response = inside_post(api, first, **body)
        assert response.status_code == 400
        assert words in response.json()["detail"]
    Prediction.objects.filter(pk=first).update(state=State.QUEUED)
    assert inside_post(api, first).status_code == 400
    assert not Inside.objects.exists()


def test_a_pixel_is_looked_at_once(api: APIClient, comparison: Comparison) -> None:
    first, second, _ = ids(comparison)
    found = [
        inside_post(api, first, x=1, y=2).json()["id"],
        inside_post(api, first, x=1, y=2).json()["id"],
        inside_post(api, first, x=2, y=1).json()["id"],
        inside_post(api, first).json()["id"],
        inside_post(api, second).json()["id"],
    ]
    assert len(set(found)) == 4


# both


def test_other_peoples_things(api: APIClient, comparison: Comparison) -> None:
    ensemble = ensemble_post(api, comparison, members=ids(comparison)).json()
    inside = inside_post(api, ids(comparison)[0], x=1, y=1).json()
    for _ in range(2):
        order.next_execute()
    ensemble, inside = (api.get(job["url"]).json() for job in (ensemble, inside))
    owner = User.objects.create_user("ann")
    Comparison.objects.update(owner=owner)
    addresses = [
        ensemble["url"],
        ensemble["mask_url"],
        inside["url"],
        inside["strip"][0]["image_url"],
        inside["field"]["heat_url"],
    ]
    for address in addresses:
        assert api.get(address).status_code == 404
    assert ensemble_post(api, comparison, members=ids(comparison)).status_code == 404
    assert inside_post(api, ids(comparison)[0]).status_code == 404
    token = services.comparison_share(comparison=comparison)
    for address in addresses:
        response = api.get(address, {"share": token})
        assert response.status_code == 200
        assert b"".join(response)
    strip = api.get(inside["url"], {"share": token}).json()["strip"]
    assert strip[0]["image_url"].endswith(f"?share={token}")


def test_pictures_that_are_not_there(api: APIClient, comparison: Comparison) -> None:
    inside = inside_post(api, ids(comparison)[0]).json()
    ensemble = ensemble_post(api, comparison, members=ids(comparison)).json()
    for address in (
        f"{inside['url']}strip/1/",
        f"{inside['url']}strip/0/",
        f"{inside['url']}heat/",
        f"{ensemble['url']}mask/",
        f"/api/v1/ensembles/{uuid4()}/",
        f"/api/v1/insides/{uuid4()}/",
    ):
        assert api.get(address).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_files_go_with_the_comparison(
    api: APIClient, comparison: Comparison, settings: Settings
) -> None:
    ensemble_post(api, comparison, members=ids(comparison))
    inside_post(api, ids(comparison)[0], x=1, y=1)
    for _ in range(2):
        order.next_execute()
    ensemble, inside = Ensemble.objects.get(), Inside.objects.get()
    assert all(default_storage.exists(name) for name in (*ensemble.files, *inside.files))
    assert len(inside.files) > 2
    services.comparison_delete(comparison=comparison)
    left = [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}


def test_a_fault_ends_in_a_sentence(
    api: APIClient, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("inference.lab.ensembling.combine", broken)
    body = ensemble_post(api, comparison, members=ids(comparison)).json()
    order.next_execute()
    failed = api.get(body["url"]).json()
    assert (failed["state"], failed["error"]) == ("FAILED", NO_MEMORY)

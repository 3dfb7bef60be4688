"""Which models an image goes to unless others are chosen: what fits it, and nothing to download."""

from __future__ import annotations

import pytest
from django.test import Client

from experiments.checkpoints.published import published_sync
from experiments.models import Checkpoint, Dataset, Evaluation
from inference.compare.forms import UploadForm
from inference.comparisons import comparison_create
from inference.images.samples import sample_dataset, sample_images
from inference.models import Comparison, Image, Prediction
from models_zoo import catalogue
from models_zoo.networks.catalogue import leaders
from segweb.jobs import State
from tests.inference.conftest import checkpoint_make
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db
PHOTO_KEYS = ["camvid-fcn8s-slim", "camvid-segnet-slim", "camvid-unet-slim"]


@pytest.fixture
def scenes(checkpoints: list[Checkpoint]) -> list[str]:
    """The keys of two models that learned from drawn scenes, beside those for photographs."""
    dataset = Dataset.objects.create(title="Scenes", shipped=True, **_terms())
    return [checkpoint_make(dataset, f"scenes-{key}-slim").key for key in ("fcn8s", "unet")]


def _terms() -> dict[str, object]:
    described = sample_dataset()
    return {name: described[name] for name in ("slug", "classes", "ignore_index")}


def compared(client: Client, **fields: object) -> set[str]:
    """The models of the comparison that a submitted form leads to."""
    assert client.post("/", fields).status_code == 302
    predictions = Comparison.objects.latest("created_at").predictions.all()
    return {prediction.checkpoint.key for prediction in predictions}


def test_a_photograph_goes_to_the_models_for_photographs(client: Client, scenes: list[str]) -> None:
    assert UploadForm().chosen == set(PHOTO_KEYS)
    found = compared(client, file=upload(noise(), "street.jpg"), models=PHOTO_KEYS)
    assert found == set(PHOTO_KEYS)


def test_a_sample_goes_to_the_models_for_scenes(client: Client, scenes: list[str]) -> None:
    assert "They go to the models that learned from such scenes" in client.get("/").content.decode()
    sample = sample_images()[0].name
    assert compared(client, sample=sample, models=PHOTO_KEYS) == set(scenes)


def test_a_sample_goes_to_other_models_when_they_are_chosen(
    client: Client, scenes: list[str]
) -> None:
    sample = sample_images()[0].name
    chosen = [PHOTO_KEYS[0], scenes[0]]
    assert compared(client, sample=sample, models=chosen) == set(chosen)


@pytest.mark.usefixtures("checkpoints")
def test_without_models_for_scenes_a_sample_goes_to_the_others(client: Client) -> None:
    assert "expect them to fail here" in client.get("/").content.decode()
    sample = sample_images()[0].name
    assert compared(client, sample=sample, models=PHOTO_KEYS) == set(PHOTO_KEYS)


def test_models_are_in_the_order_of_the_lineage(scenes: list[str]) -> None:
    dataset = Dataset.objects.get(slug=sample_dataset()["slug"])
    for key in ("tiny", "deeplab_v3_resnet50", "fcn32s"):
        checkpoint_make(dataset, f"scenes-{key}-slim")
    _, group = UploadForm().model_groups
    names = [entry.architecture for entry in group.checkpoints]
    assert names == ["fcn32s", "fcn8s", "unet", "deeplab_v3_resnet50", "tiny"]


@pytest.mark.slow
def test_twelve_at_most_and_one_of_each_paper_before_its_variations(client: Client) -> None:
    dataset = Dataset.objects.create(title="Scenes", shipped=True, **_terms())
    for key in catalogue():
        checkpoint_make(dataset, f"scenes-{key}-slim")
    found = compared(client, sample=sample_images()[0].name, models=UploadForm().chosen)
    assert found == {f"scenes-{key}-slim" for key in leaders()}
    assert len(found) == 12


@pytest.mark.slow
def test_the_best_by_score_is_among_them_and_the_last_of_a_paper_gives_way() -> None:
    dataset = Dataset.objects.create(title="Scenes", shipped=True, **_terms())
    for key in catalogue():
        score = 0.9 if key == "pspnet_resnet101" else 0.5
        scored = checkpoint_make(dataset, f"scenes-{key}-slim")
        Evaluation.objects.create(
            checkpoint=scored, split="val", split_hash="a", scores={"miou": score}
        )
    *kept, _last = leaders()
    assert UploadForm().chosen == {f"scenes-{key}-slim" for key in [*kept, "pspnet_resnet101"]}


def test_the_picker_says_in_words_what_models_cost(
    client: Client, checkpoints: list[Checkpoint], image: Image
) -> None:
    first = checkpoints[0]
    Evaluation.objects.create(checkpoint=first, split="val", split_hash="a", scores={"miou": 0.559})
    Checkpoint.objects.update(sidecar=first.sidecar | {"input_size": [500, 1000]})
    for _ in range(3):
        comparison_create(image=image, models=[first.key])
    measured = {"scored_height": 1000, "scored_width": 1000, "latency_ms": 28}
    Prediction.objects.update(state=State.DONE, **measured)
    page = client.get("/").content.decode()
    assert "0.70 M parameters · 55.9 mIoU · 14 ms" in page
    assert page.count(" mIoU") == 1
    assert page.count("0.70 M parameters") == 3


def test_nothing_is_downloaded_unless_it_is_chosen() -> None:
    published_sync()
    assert UploadForm().chosen == set()


def test_the_page_says_which_models_fit_which_images(client: Client, scenes: list[str]) -> None:
    published_sync()
    page = client.get("/").content.decode()
    for sentence in (
        "Fits photographs of streets.",
        "Fits the samples.",
        "Fits photographs of peo",
    ):
        assert sentence in page

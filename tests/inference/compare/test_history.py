"""The history: what is found, and what becomes of the ticked ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from experiments.models import Checkpoint
from inference.compare import history
from inference.comparisons import comparison_create
from inference.images.services import image_create, image_from_sample
from inference.models import Comparison, Image, Prediction
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(django_user_model: type[User]) -> User:
    """A signed-in user."""
    return django_user_model.objects.create_user("mira")


@pytest.fixture
def visit(mira: User) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(mira)
    return client


@pytest.fixture
def compared(mira: User, checkpoints: list[Checkpoint]) -> list[Comparison]:
    """A street by two networks, and a beach by the third."""
    chosen = {"street.jpg": checkpoints[:2], "beach.jpg": checkpoints[2:]}
    return [
        comparison_create(
            image=image_create(file=upload(noise(), name), owner=mira),
            models=[checkpoint.key for checkpoint in models],
            owner=mira,
        )
        for name, models in chosen.items()
    ]


def test_it_is_paginated(
    visit: Client, compared: list[Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PER_PAGE", 1)
    for address, name in (("?page=1", "beach"), ("?page=2", "street"), ("?page=abc", "beach")):
        shown = visit.get(f"/history/{address}")
        assert [c.image.name for c in shown.context["page"]] == [f"{name}.jpg"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("STREET", ["street.jpg"]),
        ("u-net", ["beach.jpg"]),
        ("segnet street", ["street.jpg"]),
        ("segnet beach", []),
        ("jpg", ["beach.jpg", "street.jpg"]),
        ("%", []),
    ],
)
def test_words_are_found_in_names_and_models(
    visit: Client, compared: list[Comparison], words: str, names: list[str]
) -> None:
    shown = visit.get("/history/", {"q": words})
    assert [comparison.image.name for comparison in shown.context["page"]] == names
    if not names:
        assertContains(shown, "Nothing has these words.")


def test_the_best_score_is_shown(visit: Client, compared: list[Comparison]) -> None:
    for key, miou in (("camvid-fcn8s-slim", 0.5), ("camvid-segnet-slim", 0.75)):
        Prediction.objects.filter(checkpoint__key=key).update(scores={"miou": miou})
    assertContains(visit.get("/history/"), "best: SegNet, 75.0 mIoU", count=1)


def test_the_ticked_ones_are_deleted(visit: Client, compared: list[Comparison]) -> None:
    street, beach = compared
    sent = {"ticked": [street.pk, "no-id"]}
    shown = visit.post("/history/delete/?q=street", sent, follow=True)
    assertRedirects(shown, "/history/?q=street")
    assertContains(shown, "1 comparison is deleted.")
    assert list(Comparison.objects.all()) == [beach]
    assert Image.objects.get() == beach.image


def test_the_ticked_ones_are_shared(visit: Client, compared: list[Comparison]) -> None:
    visit.post("/history/share/", {"ticked": [comparison.pk for comparison in compared]})
    tokens = Comparison.objects.values_list("share_token", flat=True)
    shown = visit.get("/history/")
    for token in tokens:
        assertContains(shown, f"/s/{token}/")
        assert Client().get(f"/s/{token}/").status_code == 200


@pytest.mark.parametrize("what", ["delete", "share"])
def test_nothing_ticked_and_what_is_anothers(
    visit: Client, compared: list[Comparison], what: str
) -> None:
    nothing: dict[str, Any] = {}
    assertContains(visit.post(f"/history/{what}/", nothing, follow=True), "Nothing was ticked")
    other = Client()
    other.post(f"/history/{what}/", {"ticked": [comparison.pk for comparison in compared]})
    assert Comparison.objects.filter(share_token=None).count() == 2
    assertNotContains(other.get("/history/"), "street.jpg")


@pytest.mark.parametrize(("language", "words"), [("en", "On the promenade"), ("ko", "산책로")])
def test_a_sample_is_called_by_its_title_and_found_by_it(
    visit: Client, mira: User, checkpoints: list[Checkpoint], language: str, words: str
) -> None:
    image = image_from_sample(name="promenade", owner=mira)
    comparison_create(image=image, owner=mira, models=[checkpoints[0].key])
    page = visit.get("/history/", {"q": words}, headers={"accept-language": language})
    assertContains(page, words)
    assert [c.image for c in page.context["page"]] == [image]
    assertContains(visit.get("/history/", {"q": "promenade"}), "On the promenade")

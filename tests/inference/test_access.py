"""Other people's things are 404; share links open them, until they are revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference import access
from inference.compare import services
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import Batch, Comparison, Image
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def anns(checkpoints: list[Checkpoint], execute_all: Callable[[Comparison], None]) -> Comparison:
    """A finished comparison that belongs to Ann."""
    ann = User.objects.create_user("ann")
    image = image_create(file=upload(noise()), owner=ann)
    comparison = comparison_create(image=image, owner=ann, models=[checkpoints[0].key])
    execute_all(comparison)
    return comparison


def addresses(comparison: Comparison) -> list[str]:
    return [
        f"/api/v1/comparisons/{comparison.pk}/",
        f"/api/v1/images/{comparison.image_id}/file/",
        f"/api/v1/predictions/{comparison.predictions.get().pk}/mask/",
        f"/api/v1/predictions/{comparison.predictions.get().pk}/mask/?as=coco",
    ]


def statuses(api: APIClient, comparison: Comparison, share: str = "") -> set[int]:
    found = set()
    for address in addresses(comparison):
        join = "&" if "?" in address else "?"
        response = api.get(f"{address}{join}share={share}" if share else address)
        found.add(response.status_code)
        assert b"".join(response)
    return found


def test_only_the_owner_sees_a_users_things(api: APIClient, anns: Comparison) -> None:
    assert statuses(api, anns) == {404}
    api.force_authenticate(User.objects.create_superuser("bob"))
    assert statuses(api, anns) == {404}
    api.force_authenticate(anns.owner)
    assert statuses(api, anns) == {200}


def test_nobody_compares_another_users_image(api: APIClient, anns: Comparison) -> None:
    body = {"image": str(anns.image_id), "models": "all"}
    assert api.post("/api/v1/comparisons/", body, format="json").status_code == 400
    assert Comparison.objects.count() == 1


def test_a_share_link_opens_everything_of_one_comparison(api: APIClient, anns: Comparison) -> None:
    token = services.comparison_share(comparison=anns)
    assert statuses(api, anns, token) == {200}
    assert statuses(api, anns, "guess") == {404}
    shared = api.get(f"/api/v1/comparisons/{anns.pk}/?share={token}").json()
    for address in (shared["image"]["url"], shared["predictions"][0]["mask_url"]):
        response = api.get(address)
        assert response.status_code == 200
        assert b"".join(response)
    services.comparison_unshare(comparison=anns)
    assert statuses(api, anns, token) == {404}


def test_no_share_link_is_not_an_empty_one(api: APIClient, anns: Comparison) -> None:
    assert api.get(f"/api/v1/comparisons/{anns.pk}/?share=").status_code == 404
    assert api.get(f"/api/v1/comparisons/{anns.pk}/?share=None").status_code == 404
    assert api.get(f"/api/v1/comparisons/{anns.pk}/?share=%00").status_code == 400


def test_anonymous_things_open_by_their_id(
    api: APIClient, checkpoints: list[Checkpoint], execute_all: Callable[[Comparison], None]
) -> None:
    image = image_create(file=upload(noise()), visitor="someone")
    comparison = comparison_create(image=image, visitor="someone", models=[checkpoints[0].key])
    execute_all(comparison)
    assert statuses(api, comparison) == {200}


def test_the_history_is_ones_own(
    rf: RequestFactory, checkpoints: list[Checkpoint], anns: Comparison
) -> None:
    def request(user: User | AnonymousUser, session: dict[str, str]) -> object:
        made = rf.get("/")
        made.user, made.session = user, session
        return made

    someone, other, newcomer = {}, {}, {}
    token = access.visitor_token(request(AnonymousUser(), someone), create=True)
    access.visitor_token(request(AnonymousUser(), other), create=True)
    image = image_create(file=upload(noise()), visitor=token)
    comparison = comparison_create(image=image, visitor=token)
    nobodys = comparison_create(image=image_create(file=upload(noise())))

    def history(user: User | AnonymousUser, session: dict[str, str]) -> set[Comparison]:
        return set(access.comparisons_own(request(user, session)))

    assert history(AnonymousUser(), someone) == {comparison}
    assert history(AnonymousUser(), other) == set()
    assert history(AnonymousUser(), newcomer) == set()
    assert history(anns.owner, someone) == {anns}
    assert nobodys not in history(anns.owner, {})
    assert newcomer == {}


def test_what_a_visitor_made_becomes_the_accounts_at_sign_in(
    client: Client, checkpoints: list[Checkpoint]
) -> None:
    models = [checkpoints[0].key]
    for name in ("mine.jpg", "seen.jpg"):
        client.post("/", {"file": upload(noise(), name), "models": models})
    batch = {"files": [upload(noise(), "many.jpg")], "models": models}
    client.post("/batches/new/", batch)
    seen = Image.objects.get(name="seen.jpg")
    bobs = comparison_create(image=seen, owner=User.objects.create_user("bob"), models=models)
    ann = User.objects.create_user("ann", password="a long pass phrase")
    client.post("/accounts/login/", {"username": "ann", "password": "a long pass phrase"})
    page = client.get("/history/").content.decode()
    assert "mine.jpg" in page
    assert "seen.jpg" in page
    assert Batch.objects.get().owner == ann
    mine, kept = Image.objects.get(name="mine.jpg"), Image.objects.get(name="seen.jpg")
    assert mine.owner == ann
    assert mine.visitor == ""
    # Private now, but for what somebody else has compared meanwhile.
    assert Client().get(f"/c/{mine.comparisons.get().pk}/").status_code == 404
    assert kept.owner is None
    assert kept.visitor
    assert Comparison.objects.get(pk=bobs.pk).owner != ann

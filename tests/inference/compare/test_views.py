"""The compare pages: what they show, to whom, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from experiments.models import Checkpoint
from inference.compare import services, views
from inference.comparisons import comparison_create
from inference.images.samples import Sample, sample_dataset
from inference.images.services import image_create
from inference.models import Comparison, Image, Prediction
from inference.pace import WriteThrottle
from segweb.jobs import State
from tests.inference.pictures import encoded, noise, upload

pytestmark = pytest.mark.django_db
KEYS = ["camvid-fcn8s-slim", "camvid-segnet-slim", "camvid-unet-slim"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def comparison(checkpoints: list[Checkpoint], image: Image) -> Comparison:
    """An anonymous visitor's comparison, all of it queued."""
    return comparison_create(image=image)


@pytest.fixture
def owner(django_user_model: type[User]) -> User:
    """A signed-in user."""
    return django_user_model.objects.create_user("mira")


@pytest.fixture
def private(checkpoints: list[Checkpoint], owner: User) -> Comparison:
    """A comparison of `owner`."""
    image = image_create(file=upload(noise()), owner=owner)
    return comparison_create(image=image, owner=owner)


@pytest.fixture
def owner_client(owner: User) -> Client:
    """A browser that `owner` has signed in with."""
    client = Client()
    client.force_login(owner)
    return client


def status(client: Client, address: str) -> int:
    """The status of an address that serves a file."""
    response = client.get(address)
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


def page(comparison: Comparison) -> str:
    return f"/c/{comparison.pk}/"


# The first page


def test_first_page_says_which_models_run_and_what_they_learned_from(
    client: Client, checkpoints: list[Checkpoint]
) -> None:
    checkpoints[0].dataset.licence = "CC BY-NC 4.0"
    checkpoints[0].dataset.save()
    response = client.get("/")
    assertContains(response, "checked", count=3)
    assertContains(response, "Trained on CamVid (CC BY-NC 4.0).")
    assertContains(response, "Photographs of British streets")


def test_first_page_without_models_says_what_to_do(client: Client) -> None:
    assertContains(client.get("/"), "sync_zoo")


def test_upload_leads_to_its_comparison_and_into_the_history(
    client: Client, checkpoints: list[Checkpoint]
) -> None:
    response = client.post("/", {"file": upload(noise(), "street.jpg"), "models": KEYS[:2]})
    comparison = Comparison.objects.get()
    assertRedirects(response, page(comparison))
    chosen = [prediction.checkpoint.key for prediction in comparison.predictions.all()]
    assert chosen == KEYS[:2]
    assertContains(client.get("/history/"), "street.jpg")
    assertContains(client.get("/"), "street.jpg")
    assertNotContains(Client().get("/history/"), "street.jpg")


def test_upload_by_htmx_is_told_where_to_go(client: Client, checkpoints: list[Checkpoint]) -> None:
    response = client.post("/", {"file": upload(noise()), "models": KEYS}, headers=HTMX)
    assert response["HX-Redirect"] == page(Comparison.objects.get())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"models": KEYS}, "Choose an image"),
        ({"models": KEYS, "sample": "none-of-them"}, "none-of-them"),
        ({"models": []}, "Choose at least one model"),
        ({"models": ["camvid-gone-slim"]}, "camvid-gone-slim"),
    ],
)
def test_incomplete_form_comes_back_with_a_sentence(
    client: Client, checkpoints: list[Checkpoint], fields: dict[str, Any], sentence: str
) -> None:
    assertContains(client.post("/", fields), sentence, status_code=422)


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", encoded(noise())[:60]])
def test_refused_upload_comes_back_as_the_form_with_a_sentence(
    client: Client, checkpoints: list[Checkpoint], content: bytes
) -> None:
    fields = {"file": upload(content), "models": KEYS[:1]}
    response = client.post("/", fields, headers=HTMX)
    assert response.status_code == 422
    text = response.content.decode()
    assert 'role="alert"' in text
    assert "<html" not in text
    assert text.count("checked") == 1  # what was chosen stays chosen
    assert not Image.objects.exists()


def test_body_that_is_too_long_is_refused_unread(client: Client, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 0
    for address in ("/", f"/c/{uuid4()}/truth/"):
        response = client.post(address, {"file": upload(b"0" * 2**20)})
        assertContains(response, "The upload is too large.", status_code=413)


def test_form_needs_its_csrf_token(checkpoints: list[Checkpoint]) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/", {"file": upload(noise()), "models": KEYS})
    assertContains(response, "The form has expired", status_code=403)


def test_anonymous_visitors_sign_in_where_they_may_not_compare(
    client: Client, checkpoints: list[Checkpoint], settings: Settings
) -> None:
    settings.ALLOW_ANONYMOUS = False
    response = client.post("/", {"file": upload(noise()), "models": KEYS})
    assertRedirects(response, "/accounts/login/?next=/")


def test_visitors_are_slowed_down(
    client: Client, checkpoints: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"anon": "1/min"})
    fields = {"models": KEYS[:1]}
    for _ in range(2):  # the first comes without a session and counts by its address
        assert client.post("/", {"file": upload(noise()), **fields}).status_code == 302
    again = client.post("/", {"file": upload(noise()), **fields})
    assertContains(again, "Please wait a minute", status_code=422)


def test_sample_is_shown_and_compared(
    client: Client,
    checkpoints: list[Checkpoint],
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    sample_dataset()  # read once, and from the folder that ships
    (tmp_path / "dusk.png").write_bytes(encoded(noise()))
    sample = Sample("dusk", "small", "A street at dusk", "Small objects vanish.")
    monkeypatch.setattr("inference.images.samples.FOLDER", tmp_path)
    for module in ("images.views", "compare.forms", "images.samples"):
        monkeypatch.setattr(f"inference.{module}.sample_images", lambda: [sample])
    monkeypatch.setattr(views, "image_from_sample", lambda **fields: image)
    assertContains(client.get("/"), "A street at dusk")
    assert client.get("/samples/dusk.jpg")["Content-Type"] == "image/jpeg"
    assert client.get("/samples/dawn.jpg").status_code == 404
    response = client.post("/", {"sample": "dusk", "models": KEYS})
    assertRedirects(response, page(Comparison.objects.get()))


@pytest.mark.slow
def test_a_true_mask_and_tiles_go_along(
    client: Client, checkpoints: list[Checkpoint], truth: Any
) -> None:
    dataset = checkpoints[0].dataset
    body = {"file": upload(noise()), "models": KEYS, "scale": "tiles"}
    body |= {"mask": upload(Picture.fromarray(truth)), "mask_dataset": dataset.pk}
    response = client.post("/", body)
    comparison = Comparison.objects.get()
    assert comparison.scale == "tiles"
    assert comparison.image.mask_dataset == dataset
    again = {"models": KEYS[:1], "scale": "tiles"}
    assertContains(client.get(response["Location"]), 'value="tiles" checked')
    client.post(f"{response['Location']}again/", again)
    assert Comparison.objects.first().scale == "tiles"
    client.post(f"{response['Location']}again/", {"models": KEYS[:1]})
    assert Comparison.objects.first().scale == "model"
    wrong = {**body, "file": upload(noise()), "mask": upload(noise())}
    assertContains(client.post("/", wrong), "The mask holds colours", status_code=422)


def test_samples_stand_under_what_they_provoke(client: Client) -> None:
    """Each of the six failures has one at least, and every sample is offered."""
    content = client.get("/").content.decode()
    titles = ("Large", "Small", "Thin", "Context", "Look-alikes", "Low contrast")
    places = [content.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert content.count('name="sample"') == 8


# The compare page


def test_queued_panes_ask_for_themselves(client: Client, comparison: Comparison) -> None:
    response = client.get(page(comparison))
    assertContains(response, "hx-get", count=3 + 1)  # the answer too: theirs may come out of order
    assertContains(response, f'hx-get="{page(comparison)}answer/"', count=1)
    asking = {"HX-Request": "true", "HX-Trigger": "answer"}
    assert client.get(f"{page(comparison)}answer/", headers=asking).status_code == 200
    comparison.predictions.update(state=State.FAILED)
    assert client.get(f"{page(comparison)}answer/", headers=asking).status_code == 286
    assertContains(response, "Queued, 2 before it")
    assertContains(response, '<meta http-equiv="refresh"')


def test_finished_panes_show_classes_with_shares_and_ask_no_more(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    response = client.get(page(comparison))
    assertNotContains(response, "hx-get")
    assertNotContains(response, "http-equiv")
    assertContains(response, ": 50 %", count=6)
    assertContains(response, 'fill="#a6cee3"', count=1 + 3)  # in the sidebar, and a bar a model
    assertContains(response, "12 ms")
    assertContains(response, "Masks: 3 of 3")
    for prediction in comparison.predictions.all():
        assertContains(response, f"/api/v1/predictions/{prediction.pk}/mask/?as=overlay")


def test_the_first_pane_is_fetched_before_styles_and_scripts(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    html = client.get(page(comparison)).content.decode()
    head, body = html.split("</head>")
    before, _ = head.split('rel="stylesheet"', 1)
    preloaded = re.findall(r'rel="preload" as="image" fetchpriority="high" href="(.+?)"', before)
    pane = body.split('<ol class="panes">')[1].split("</li>")[0]
    assert preloaded == re.findall(r'<img[^>]* src="(.+?)"', pane)


def test_pane_answers_only_when_it_looks_different(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    address = re.search(
        r'hx-get="(\S+/panes/1/\S*)"', client.get(page(comparison)).content.decode()
    )
    address = address.group(1)
    assert client.get(address).status_code == 204
    comparison.predictions.filter(position=0).update(state=State.RUNNING, tile=2, tiles=9)
    response = client.get(address)
    assertContains(response, "Tile 2 of 9")
    assertNotContains(response, "hx-swap-oob")  # nothing else changed: no status is read out anew
    comparison.predictions.filter(position=0).update(state=State.QUEUED)
    execute_all(comparison)
    response = client.get(address)
    assertContains(response, "<mask-layer>")
    assertContains(response, 'hx-swap-oob="innerHTML">Masks: 3 of 3')
    assertContains(response, 'hx-swap-oob="innerHTML:#answer"')
    assertNotContains(response, "pane-head")  # the head stays, with what is open or focused in it
    assertNotContains(response, "<html")


def test_pane_that_does_not_exist(client: Client, comparison: Comparison) -> None:
    assert client.get(f"{page(comparison)}panes/4/").status_code == 404
    assert client.get(f"{page(comparison)}panes/0/").status_code == 404


def test_pane_says_that_no_worker_answers(client: Client, comparison: Comparison) -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    comparison.predictions.update(queued_at=long_ago)
    assertContains(client.get(page(comparison)), "make run", count=3)
    comparison.predictions.filter(position=0).update(
        state=State.RUNNING, heartbeat_at=timezone.now()
    )
    assertNotContains(client.get(page(comparison)), "make run")


def test_failed_pane_says_why_in_the_readers_language(
    client: Client, comparison: Comparison
) -> None:
    sentence = "The image is too large for the memory of the worker."
    comparison.predictions.update(state=State.FAILED, error=sentence)
    assertContains(client.get(page(comparison)), sentence, count=3)
    response = client.get(page(comparison), headers={"Accept-Language": "ko"})
    assertContains(response, "워커의 메모리가 부족", count=3)


def test_a_network_from_elsewhere_is_told_of_in_the_readers_language(
    client: Client, comparison: Comparison
) -> None:
    sentence = "scenes-other-imported: it takes more than 120 seconds."
    comparison.predictions.update(state=State.FAILED, error=sentence)
    assertContains(client.get(page(comparison)), sentence, count=3)
    korean = {"Accept-Language": "ko"}
    rest = client.get(f"/api/v1/comparisons/{comparison.pk}/", headers=korean)
    for response in (client.get(page(comparison), headers=korean), rest):
        assertContains(response, "scenes-other-imported: 120초가 넘게 걸립니다.", count=3)
        assertNotContains(response, "it takes more than")


def test_pane_warns_when_the_image_was_shrunk(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    assertNotContains(client.get(page(comparison)), "shrunk")
    comparison.predictions.filter(position=0).update(scored_width=12, scored_height=8)
    assertContains(client.get(page(comparison)), "shrunk", count=1)


def test_score_against_the_truth_is_shown(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    comparison.predictions.filter(position=0).update(scores={"miou": 0.4567})
    assertContains(client.get(page(comparison)), "<strong>45.7</strong>", count=1)
    later = client.get(f"{page(comparison)}answer/")  # where the truth came later
    assertContains(later, 'hx-swap-oob="innerHTML:#facts-1"')
    assertContains(later, "Against the truth", count=1)


def test_cold_load_is_told_apart(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    comparison.predictions.filter(position=0).update(load_ms=1204.0)
    assertContains(client.get(page(comparison)), "+ 1.20 s to load the network", count=1)


def test_names_are_escaped(client: Client, comparison: Comparison) -> None:
    Image.objects.update(name="<img onerror=alert(1)>")
    Checkpoint.objects.update(variant="<img onerror=alert(2)>")
    response = client.get(page(comparison))
    assertNotContains(response, "<img onerror")
    assertContains(response, "&lt;img onerror")


def test_page_takes_few_queries(
    client: Client,
    comparison: Comparison,
    execute_all: Callable[[Any], None],
    django_assert_max_num_queries: Any,
) -> None:
    execute_all(comparison)
    client.get(page(comparison))
    with django_assert_max_num_queries(8):
        client.get(page(comparison))


# Whose it is


def test_private_comparison_is_its_owners_until_shared(
    client: Client, owner_client: Client, private: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(private)
    mask = f"/api/v1/predictions/{private.predictions.first().pk}/mask/"
    assert owner_client.get(page(private)).status_code == 200
    assert client.get(page(private)).status_code == 404
    assertRedirects(owner_client.post(f"{page(private)}share/"), page(private))
    private.refresh_from_db()
    link = f"/s/{private.share_token}/"
    assertContains(owner_client.get(page(private)), link)

    shown = client.get(link)
    assertContains(shown, f"{mask}?share={private.share_token}")
    for action in ("share", "again", "delete"):
        assertNotContains(shown, f"{page(private)}{action}/")
    assert status(client, f"{mask}?share={private.share_token}") == 200
    assert status(client, mask) == 404

    owner_client.post(f"{page(private)}unshare/")
    assert client.get(link).status_code == 404
    assert status(client, f"{mask}?share={private.share_token}") == 404


def test_panes_of_a_shared_page_keep_its_link(client: Client, private: Comparison) -> None:
    token = services.comparison_share(comparison=private)
    text = client.get(f"/s/{token}/").content.decode()
    address = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    private.predictions.update(state=State.FAILED)
    assert client.get(address).status_code == 200
    assert client.get(address.split("?")[0]).status_code == 404


@pytest.mark.parametrize("action", ["share", "unshare", "delete"])
def test_only_the_owner_changes(client: Client, private: Comparison, action: str) -> None:
    assert client.post(f"{page(private)}{action}/").status_code == 404
    assert client.get(f"{page(private)}{action}/").status_code == 405
    assert Comparison.objects.filter(pk=private.pk, share_token=None).exists()


def test_another_visitor_sees_but_does_not_change(client: Client, comparison: Comparison) -> None:
    response = client.get(page(comparison))
    assertContains(response, f"{page(comparison)}again/")
    assertNotContains(response, f"{page(comparison)}delete/")
    assert client.post(f"{page(comparison)}delete/").status_code == 404


def test_delete_leads_to_the_history(owner_client: Client, private: Comparison) -> None:
    response = owner_client.post(f"{page(private)}delete/", follow=True)
    assertContains(response, "The comparison is deleted.")
    assertContains(response, "You have not compared anything yet.")
    assert not Comparison.objects.exists()


def test_run_again_with_chosen_models(owner_client: Client, private: Comparison) -> None:
    response = owner_client.post(f"{page(private)}again/", {"models": KEYS[2:]})
    newer = Comparison.objects.exclude(pk=private.pk).get()
    assertRedirects(response, page(newer))
    assert newer.image == private.image
    assert [p.checkpoint.key for p in newer.predictions.all()] == KEYS[2:]


def test_run_again_without_models_says_so(owner_client: Client, private: Comparison) -> None:
    response = owner_client.post(f"{page(private)}again/", follow=True)
    assertContains(response, "Choose at least one model.")
    assert Comparison.objects.count() == 1


# Models, files, errors, languages


def test_models_page_shows_scores_with_their_passport(
    client: Client, checkpoints: list[Checkpoint]
) -> None:
    checkpoints[0].evaluations.create(
        split="val",
        split_hash="abc",
        protocol={"split_hash": "abc", "precision": "fp32"},
        scores={"miou": 0.5123, "per_class_iou": [0.9, 0.25, None]},
    )
    response = client.get("/models/")
    assertContains(response, "51.2")
    assertContains(response, "Hash of the split")
    assertContains(response, "25.0")
    assertContains(response, "camvid-unet-slim")


def test_renditions_are_smaller_copies_for_those_who_may_look(
    client: Client, owner_client: Client, private: Comparison
) -> None:
    address = f"/images/{private.image_id}/thumbnail/"
    first, second = owner_client.get(address), owner_client.get(address)
    assert first["Content-Type"] == "image/jpeg"
    assert b"".join(first) == b"".join(second)
    assert client.get(address).status_code == 404
    assert owner_client.get(f"/images/{private.image_id}/huge/").status_code == 404


def test_very_large_image_is_looked_at_as_a_smaller_copy(
    client: Client, comparison: Comparison
) -> None:
    times = 1 + 3  # preloaded, and in three panes
    whole, smaller = (f"/images/{comparison.image_id}/{name}/" for name in ("file", "view"))
    assertContains(client.get(page(comparison)), whole, count=times)
    Image.objects.update(width=4000, height=3000)
    assertContains(client.get(page(comparison)), smaller, count=times)


@pytest.mark.parametrize("template", ["403_csrf", "500", "503"])
def test_error_pages_need_no_request_and_no_database(
    template: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert template[:3] in render_to_string(f"{template}.html")


def test_unknown_address_gets_a_page(client: Client) -> None:
    assertContains(client.get("/nowhere/"), "There is nothing here", status_code=404)


def test_language_is_switched_and_kept(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "ko", "next": "/"}, follow=True)
    assertContains(response, '<html lang="ko">')
    assertContains(client.get("/history/"), "비교")


def test_pages_have_no_inline_scripts_or_styles(
    client: Client, comparison: Comparison, execute_all: Callable[[Any], None]
) -> None:
    execute_all(comparison)
    for address in ("/", "/history/", "/models/", "/accounts/login/", page(comparison)):
        text = client.get(address).content.decode()
        for script in text.split("<script")[1:]:
            tag = script.split(">")[0]
            assert 'src="/static/' in tag or 'type="application/json"' in tag, address
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text


def test_prediction_number_is_its_position(client: Client, comparison: Comparison) -> None:
    second = Prediction.objects.filter(comparison=comparison, position=1)
    second.update(state=State.FAILED, error="The second failed.")
    assertContains(client.get(f"{page(comparison)}panes/2/"), "The second failed.")

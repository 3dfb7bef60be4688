"""REST of live frames: what is taken, what is refused, and by which sentence."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertRedirects
from rest_framework.test import APIClient

from experiments.models import Checkpoint
from inference.live import services
from inference.live.frames import Dropped
from tests.inference.pictures import encoded, noise, upload

pytestmark = pytest.mark.django_db
KEYS = ["camvid-fcn8s-slim", "camvid-unet-slim"]
MASK = {"model": KEYS[0], "milliseconds": 12.5, "mask": "iVBORw0KGgo="}


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is asked of workers, who answer with one mask."""
    asked: list[dict[str, Any]] = []

    def answer(**frame: Any) -> dict[str, Any]:
        asked.append(frame)
        return {"masks": [MASK]}

    monkeypatch.setattr(services, "frame_pass", answer)
    return asked


def post(api: Any, jpeg: bytes, models: list[str] = KEYS) -> Any:
    body = {"frame": upload(jpeg, "frame.jpg"), "models": models}
    more = {"format": "multipart"} if isinstance(api, APIClient) else {}
    return api.post("/api/v1/live/", body, **more)


def test_a_frame_and_its_masks(
    api: APIClient, checkpoints: list[Checkpoint], passed: list[dict[str, Any]], jpeg: bytes
) -> None:
    answer = post(api, jpeg)
    assert (answer.status_code, answer.json()) == (200, {"masks": [MASK]})
    chosen = [checkpoint.pk for checkpoint in checkpoints if checkpoint.key in KEYS]
    assert passed == [{"visitor": "", "address": "127.0.0.1", "checkpoints": chosen, "jpeg": jpeg}]
    for _ in range(150):  # fifteen seconds of ten frames each: no throttle is in the way
        assert post(api, jpeg, KEYS[:1]).status_code == 200


def said_to_have(jpeg: bytes, sides: bytes) -> bytes:
    """The frame with another height and width in its header."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + sides + jpeg[place + 4 :]


def test_browsers_are_told_apart_and_looking_leaves_no_session(
    checkpoints: list[Checkpoint],
    passed: list[dict[str, Any]],
    jpeg: bytes,
    django_user_model: type[User],
) -> None:
    browsers = [Client(), Client()]
    for browser in browsers * 2:
        browser.get("/live/")
        assert post(browser, jpeg).status_code == 200
    assert not Session.objects.exists()
    first, second = (frame["visitor"] for frame in passed[:2])
    assert len({"", first, second}) == 3
    assert [frame["visitor"] for frame in passed[2:]] == [first, second]
    user = django_user_model.objects.create_user("mira")
    browsers[0].force_login(user)
    post(browsers[0], jpeg)
    assert passed[-1]["visitor"] == f"user-{user.pk}"


def scanned(jpeg: bytes) -> bytes:
    """The frame's header, and scans of nothing in each component by turns: seconds of decoding."""
    scans = [
        b"\xff\xda\x00\x08\x01" + bytes([component, tables, 0, 63, 0])
        for component, tables in ((1, 0), (2, 0x11), (3, 0x11))
    ]
    return jpeg[: jpeg.index(b"\xff\xda")] + b"".join(scans * 8000) + b"\xff\xd9"


def test_what_is_no_frame(
    api: APIClient, checkpoints: list[Checkpoint], passed: list[dict[str, Any]], jpeg: bytes
) -> None:
    for content, words in (
        (b"", "A frame is a JPEG."),
        (b"<svg onload=alert(1)>", "A frame is a JPEG."),
        (encoded(noise(48, 32)), "A frame is a JPEG."),
        (jpeg[:20], "A frame is a JPEG."),
        (encoded(noise(480, 321), "JPEG"), "multiples of 16"),
        (encoded(noise(240, 160), "JPEG"), "longer side has 480"),
        (encoded(noise(480, 48), "JPEG"), "longer side has 480"),
        (encoded(noise(480, 320), "JPEG", progressive=True), "baseline JPEG"),
        (scanned(encoded(noise(480, 480), "JPEG", subsampling=0)), "baseline JPEG"),
        (said_to_have(jpeg, b"\xff\xf0\xff\xf0"), "A frame is a JPEG."),
    ):
        answer = post(api, content)
        assert answer.status_code == 400, words
        assert words in answer.json()["detail"]
    for length in (2**21, services.FRAME_BYTES + 1):
        assert post(api, jpeg + bytes(length)).status_code == 413
    assert passed == []


def test_what_is_no_choice(
    api: APIClient,
    checkpoints: list[Checkpoint],
    passed: list[dict[str, Any]],
    jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert post(api, jpeg, []).status_code == 400
    assert "Not on offer: none" in post(api, jpeg, ["none"]).json()["detail"]
    monkeypatch.setattr(services, "MODELS_MAX", 1)
    assert "at most 1 models" in post(api, jpeg).json()["detail"]
    Checkpoint.objects.filter(key=KEYS[0]).update(file="")
    assert "downloaded" in post(api, jpeg, KEYS[:1]).json()["detail"]
    assert passed == []


def test_no_time_and_other_faults(
    api: APIClient,
    checkpoints: list[Checkpoint],
    jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for said, status in (("dropped", 503), ("damaged", 400), ("failed", 400)):
        monkeypatch.setattr(services, "frame_pass", lambda said=said, **_: {said: True})
        assert post(api, jpeg).status_code == status

    def drop(**_: Any) -> None:
        raise Dropped("busy")

    monkeypatch.setattr(services, "frame_pass", drop)
    answer = post(api, jpeg)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")


def test_who_may(
    client: Client, api: APIClient, checkpoints: list[Checkpoint], jpeg: bytes, settings: Settings
) -> None:
    page = client.get("/live/")
    assertContains(page, "checked", count=2)
    settings.ALLOW_ANONYMOUS = False
    assert post(api, jpeg).status_code in (401, 403)
    assertRedirects(client.get("/live/"), "/accounts/login/?next=/live/")

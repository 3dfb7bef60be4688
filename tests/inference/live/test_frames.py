"""Live frames: who has a place, what workers do first, and what is left of it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from PIL import Image as Picture

from experiments.models import Checkpoint
from inference.comparisons import comparison_create
from inference.live import frames, passes
from inference.live.frames import Dropped, Frame, OneAtATime, frame_pass, frame_take
from inference.models import Batch, Image, Prediction
from inference.worker import order
from segweb.host import redis_server
from segweb.jobs import State, wakeups
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import encoded, noise

pytestmark = pytest.mark.django_db


def keys() -> set[bytes]:
    """All that is in Redis."""
    return set(redis_server.client(settings.CELERY_BROKER_URL, seconds=1).keys())


def never() -> None:
    """No comparison waits."""


@pytest.fixture
def worker(redis: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Frame]]:
    """Wake-ups that reach a worker of another thread, which notes the frames that it takes."""
    taken: list[Frame] = []

    def woken() -> None:
        frame = frame_take()
        if frame is not None:
            taken.append(frame)
            frame.answer({"masks": [len(frame.jpeg)]})

    with ThreadPoolExecutor(1) as thread:
        monkeypatch.setattr(wakeups, "send", lambda *_: bool(thread.submit(woken)))
        yield taken


def test_a_frame_is_answered_and_nothing_is_left(worker: list[Frame], jpeg: bytes) -> None:
    said = frame_pass(visitor="mira", checkpoints=[3, 1], jpeg=jpeg)
    assert said == {"masks": [len(jpeg)]}
    assert [frame.checkpoints for frame in worker] == [[3, 1]]
    assert keys() == set()
    # Whoever answers too late leaves something that goes by itself.
    worker[0].answer({"masks": []})
    client = redis_server.client(settings.CELERY_BROKER_URL, seconds=1)
    assert [client.ttl(key) > 0 for key in keys()] == [True]


def test_nobody_has_time(
    redis: None, sent: list[str], jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WAIT_SECONDS", 0.1)
    with pytest.raises(Dropped, match="No worker had time"):
        frame_pass(visitor="mira", checkpoints=[1], jpeg=jpeg)
    assert sent == ["live"]
    assert keys() == set()
    assert frame_take() is None


def test_a_visitor_has_one_frame_and_all_have_a_few(redis: None, jpeg: bytes) -> None:
    with ExitStack() as held:
        for number in range(frames.PLACES):
            held.enter_context(frames._place(f"visitor {number}"))
        with pytest.raises(OneAtATime, match="your last one"):
            frame_pass(visitor="visitor 0", checkpoints=[1], jpeg=jpeg)
        with pytest.raises(Dropped, match="4 others are live"):
            frame_pass(visitor="one more", checkpoints=[1], jpeg=jpeg)
        client = redis_server.client(settings.CELERY_BROKER_URL, seconds=1)
        assert min(client.ttl(key) for key in keys()) > 0  # also after a kill
    assert keys() == set()


def test_without_redis(jpeg: bytes) -> None:
    with pytest.raises(Dropped, match="Is Redis still running"):
        frame_pass(visitor="mira", checkpoints=[1], jpeg=jpeg)
    assert frame_take() is None


def waiting(checkpoints: list[Checkpoint], jpeg: bytes, token: str = "token") -> None:
    """A frame as its request leaves it in Redis."""
    client = redis_server.client(settings.CELERY_BROKER_URL, seconds=1)
    client.set(f"live:frame:{token}", jpeg)
    client.rpush(frames.WAITING, f'["{token}", {[c.pk for c in checkpoints]}]')


def answers(token: str = "token") -> Any:
    """What was said to a frame."""
    client = redis_server.client(settings.CELERY_BROKER_URL, seconds=1)
    return client.lrange(f"live:answer:{token}", 0, -1)


def test_a_worker_gives_each_models_mask(
    redis: None,
    fake_engine: FakeEngine,
    checkpoints: list[Checkpoint],
    jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(Frame, "answer", lambda self, what: said.append(what))
    # An array, as the engine takes it too.
    predict = fake_engine.predict
    monkeypatch.setattr(
        fake_engine,
        "predict",
        lambda weights, sidecar, pixels, scale: predict(
            weights, sidecar, Picture.fromarray(pixels), scale=scale
        ),
    )
    waiting(checkpoints[:2], jpeg)
    passes.frame_serve(never)
    masks = said[0]["masks"]
    assert [mask["model"] for mask in masks] == [c.key for c in checkpoints[:2]]
    drawn = np.asarray(Picture.open(BytesIO(b64decode(masks[0]["mask"]))))
    assert drawn.shape == (320, 480)
    assert set(np.unique(drawn)) == {0, 1}

    waiting(checkpoints, jpeg[:1000])
    passes.frame_serve(never)
    waiting([Checkpoint(pk=999)], jpeg)
    passes.frame_serve(never)
    assert said[1:] == [{"damaged": True}, {"failed": True}]


def test_a_comparison_goes_before_frames_and_batches_take_turns_with_them(
    redis: None,
    fake_engine: FakeEngine,
    checkpoints: list[Checkpoint],
    image: Image,
    jpeg: bytes,
    sent: list[str],
) -> None:
    batch = Batch.objects.create(model_keys=[])
    keys = [checkpoint.key for checkpoint in checkpoints]
    behind = comparison_create(image=image, models=keys[:2], batch=batch)
    before = comparison_create(image=image, models=keys[2:])
    waiting(checkpoints, encoded(noise(96, 64), "JPEG")[:100])  # damaged, so answered at once
    done = []
    between = lambda: done.append(frame_take())  # noqa: E731

    def ended(comparison: Any) -> int:
        return Prediction.objects.filter(comparison=comparison, state=State.DONE).count()

    order.next_execute(between=between)
    assert (ended(before), ended(behind), done) == (1, 0, [])
    order.next_execute(between=between)
    assert (ended(behind), [frame.token for frame in done]) == (1, ["token"])
    order.next_execute(between=between)
    assert (ended(behind), done[1:]) == (2, [None])


def test_a_comparison_that_comes_meanwhile_ends_a_frame(
    redis: None, fake_engine: FakeEngine, checkpoints: list[Checkpoint], jpeg: bytes
) -> None:
    for content in (jpeg, jpeg[:1000]):  # damaged ones are not even decoded
        waiting(checkpoints, content)
        passes.frame_serve(lambda: True)
    assert answers() == [b'{"dropped": true}'] * 2

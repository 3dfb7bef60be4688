"""Live frames: who has a place, what workers do first, and what is left of it."""

from __future__ import annotations

import stat
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from PIL import Image as Picture

from experiments.models import Checkpoint
from inference.comparisons import comparison_create
from inference.live import frames, passes
from inference.live.frames import Dropped, Frame, TooMany, frame_pass, frame_take
from inference.models import Batch, Image, InferenceJob, Prediction
from inference.worker import order
from segweb.host import redis_server
from segweb.jobs import State, wakeups
from tests.inference.conftest import FakeEngine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def client() -> Any:
    """A client of the tests' Redis."""
    return redis_server.client(settings.CELERY_BROKER_URL, seconds=1)


def keys() -> set[bytes]:
    """All that is in Redis."""
    return set(client().keys())


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
    said = frame_pass(visitor="mira", address="here", checkpoints=[3, 1], jpeg=jpeg)
    assert said == {"masks": [len(jpeg)]}
    assert [frame.checkpoints for frame in worker] == [[3, 1]]
    assert not worker[0].wanted
    worker[0].answer({"masks": []})  # too late
    assert keys() == set()


def test_neither_picture_nor_masks_are_on_the_disk(worker: list[Frame], jpeg: bytes) -> None:
    frame_pass(visitor="mira", address="here", checkpoints=[1], jpeg=jpeg)
    client().set("at the end", "")
    appended = Path(client().config_get("dir")["dir"]) / "appendonly.aof"
    wait_until(lambda: b"at the end" in appended.read_bytes())
    written = appended.read_bytes()
    assert b"live:waiting" in written
    assert jpeg[:100] not in written
    assert b"masks" not in written
    assert stat.S_IMODE(appended.parent.stat().st_mode) == 0o700


def test_nobody_has_time(
    redis: None, sent: list[str], jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WAIT_SECONDS", 0.1)
    for _ in range(3):
        with pytest.raises(Dropped, match="No worker had time"):
            frame_pass(visitor="mira", address="here", checkpoints=[1], jpeg=jpeg)
    assert sent == ["live"] * 3
    assert keys() == set()
    assert frame_take() is None
    # Wake-ups that no worker takes do not pile up: these are enough.
    client().rpush(InferenceJob.queue, *["a wake-up"] * frames.PLACES)
    with pytest.raises(Dropped, match="No worker had time"):
        frame_pass(visitor="mira", address="here", checkpoints=[1], jpeg=jpeg)
    assert len(sent) == 3


def test_a_visitor_has_one_frame_an_address_two_and_all_have_a_few(
    redis: None, jpeg: bytes
) -> None:
    def refused(visitor: str, address: str, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            frame_pass(visitor=visitor, address=address, checkpoints=[1], jpeg=jpeg)

    with ExitStack() as held:
        for number in range(frames.PLACES):
            place = frames._place("token", f"visitor {number}", f"address {number // 2}")
            held.enter_context(place)
        refused("visitor 0", "elsewhere", TooMany, "your last one")
        refused("one more", "address 0", TooMany, "2 frames from your network address")
        refused("", "address 1", TooMany, "2 frames from your network address")
        refused("one more", "elsewhere", Dropped, "4 others are live")
        refused("", "elsewhere", Dropped, "4 others are live")
        assert min(client().ttl(key) for key in keys()) > 0  # also after a kill
    assert keys() == set()
    # Scripts share no place of a visitor's.
    with frames._place("one", "", "here"), frames._place("other", "", "here"):
        refused("", "here", TooMany, "2 frames")


def test_a_place_that_was_held_too_long_is_anothers(redis: None) -> None:
    with frames._place("token", "mira", "here"):
        for key in keys():
            client().set(key, "another's")
        taken = keys()
    assert len(taken) == 3
    assert keys() == taken


def test_without_redis(jpeg: bytes) -> None:
    with pytest.raises(Dropped, match="Is Redis still running"):
        frame_pass(visitor="mira", address="here", checkpoints=[1], jpeg=jpeg)
    assert frame_take() is None


@pytest.fixture
def waiting(
    redis: None, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[list[Checkpoint], bytes], Future[Any]]]:
    """Makes a request that waits for a frame's masks, in a thread of its own."""
    monkeypatch.setattr(frames, "WAIT_SECONDS", 60)
    monkeypatch.setattr(frames, "KEPT_SECONDS", 60)
    with ThreadPoolExecutor(1) as threads:

        def asked(checkpoints: list[Checkpoint], jpeg: bytes) -> Future[Any]:
            chosen = [checkpoint.pk for checkpoint in checkpoints]
            said = threads.submit(
                frame_pass, visitor="", address="here", checkpoints=chosen, jpeg=jpeg
            )
            wait_until(lambda: said.done() or client().llen(frames.WAITING))
            return said

        yield asked


def test_a_worker_gives_each_models_mask(
    waiting: Any,
    fake_engine: FakeEngine,
    checkpoints: list[Checkpoint],
    jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An array, as the engine takes it too.
    predict = fake_engine.predict
    monkeypatch.setattr(
        fake_engine,
        "predict",
        lambda weights, sidecar, pixels, scale: predict(
            weights, sidecar, Picture.fromarray(pixels), scale=scale
        ),
    )

    def served(*frame: Any) -> Any:
        said = waiting(*frame)
        passes.frame_serve(never)
        return said.result(10)

    masks = served(checkpoints[:2], jpeg)["masks"]
    assert [mask["model"] for mask in masks] == [c.key for c in checkpoints[:2]]
    drawn = np.asarray(Picture.open(BytesIO(b64decode(masks[0]["mask"]))))
    assert drawn.shape == (320, 480)
    assert set(np.unique(drawn)) == {0, 1}

    assert served(checkpoints, jpeg[:1000]) == {"damaged": True}
    assert served([Checkpoint(pk=999)], jpeg) == {"failed": True}


def test_a_comparison_goes_before_frames_and_batches_take_turns_with_them(
    waiting: Any,
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
    request = waiting(checkpoints, jpeg)
    done: list[Frame | None] = []

    def between() -> None:
        if frame := frame_take():
            frame.answer({})
        done.append(frame)

    def ended(comparison: Any) -> int:
        return Prediction.objects.filter(comparison=comparison, state=State.DONE).count()

    order.next_execute(between=between)
    assert (ended(before), ended(behind), done) == (1, 0, [])
    order.next_execute(between=between)
    assert (ended(behind), len(done), request.result(10)) == (1, 1, {})
    order.next_execute(between=between)
    assert (ended(behind), done[1:]) == (2, [None])


def test_a_comparison_that_comes_meanwhile_ends_a_frame(
    waiting: Any, fake_engine: FakeEngine, checkpoints: list[Checkpoint], jpeg: bytes
) -> None:
    for content in (jpeg, jpeg[:1000]):  # damaged ones are not even decoded
        said = waiting(checkpoints, content)
        passes.frame_serve(lambda: True)
        assert said.result(10) == {"dropped": True}

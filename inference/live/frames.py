"""Frames on their way to a worker and back, in Redis: no rows, and nothing outlasts its request.

A frame is taken by whichever worker has time, or by none: then it is dropped, never queued behind
the next one. A visitor has one on the way and all visitors together PLACES, each of which holds a
thread of the web process for WAIT_SECONDS at most.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis import RedisError

from inference.models import Prediction
from segweb.host import redis_server
from segweb.jobs import wakeups

PLACES = 4
WAIT_SECONDS = 3
KEPT_SECONDS = WAIT_SECONDS + 2  # whatever a killed process left is gone by then
ANSWERING_SECONDS = 0.3  # as Celery's, for requests
WAITING = "live:waiting"
AWAY = gettext_noop("The queue does not answer. Is Redis still running?")


class Dropped(ValidationError):
    """There was no time for this frame; the next one may come after `retry_after` seconds."""

    status, retry_after = 503, 1


class OneAtATime(ValidationError):
    """The visitor's last frame is on its way."""

    status, retry_after = 429, 1


@dataclass(frozen=True)
class Frame:
    """A JPEG that somebody waits for the masks of, by the checkpoints of these keys."""

    token: str
    checkpoints: list[int]
    jpeg: bytes

    @property
    def wanted(self) -> bool:
        """Whether its request still waits."""
        return bool(_redis().exists(_picture(self.token)))

    def answer(self, said: dict[str, Any]) -> None:
        """Give its request what to say."""
        key = _answer(self.token)
        _redis().pipeline().rpush(key, json.dumps(said)).expire(key, KEPT_SECONDS).execute()


def frame_pass(*, visitor: str, checkpoints: Sequence[int], jpeg: bytes) -> dict[str, Any]:
    """What a worker answers to a frame, within WAIT_SECONDS. Dropped or OneAtATime if none does."""
    try:
        with _place(visitor):
            return _passed(secrets.token_hex(8), list(checkpoints), jpeg)
    except RedisError as fault:
        raise Dropped(_(AWAY)) from fault


def _passed(token: str, checkpoints: list[int], jpeg: bytes) -> dict[str, Any]:
    entry = json.dumps([token, checkpoints])
    queue = _redis()
    try:
        queue.set(_picture(token), jpeg, ex=KEPT_SECONDS)
        queue.pipeline().rpush(WAITING, entry).expire(WAITING, KEPT_SECONDS).execute()
        # A wake-up is for whatever comes first, whichever kind it names.
        if not wakeups.send(Prediction, "live"):
            raise Dropped(_(AWAY))
        # The socket waits a little longer than Redis does.
        answered = _redis(WAIT_SECONDS + 1).blpop([_answer(token)], WAIT_SECONDS)
    finally:
        queue.pipeline().delete(_picture(token)).lrem(WAITING, 0, entry).execute()
    if answered is None:
        raise Dropped(_("No worker had time for this frame: they are busy, or load the models."))
    said: dict[str, Any] = json.loads(answered[1])
    return said


def frame_take() -> Frame | None:
    """The longest waiting frame whose request still waits; None where there is none."""
    try:
        while entry := _redis().lpop(WAITING):
            token, checkpoints = json.loads(entry)
            if jpeg := _redis().get(_picture(token)):
                return Frame(token, checkpoints, jpeg)
    except RedisError:
        pass  # whoever waits is told so; what else there is to do is in the database
    return None


@contextmanager
def _place(visitor: str) -> Iterator[None]:
    """One of the places, and the visitor's only one."""
    queue, own = _redis(), f"live:of:{visitor}"
    if not queue.set(own, "", nx=True, ex=KEPT_SECONDS):
        raise OneAtATime(_("One frame at a time: your last one is on its way."))
    places = [f"live:place:{number}" for number in range(PLACES)]
    taken = next((key for key in places if queue.set(key, "", nx=True, ex=KEPT_SECONDS)), None)
    try:
        if taken is None:
            text = _("%(count)s others are live at the moment. Try again in a little while.")
            raise Dropped(text % {"count": PLACES})
        yield
    finally:
        queue.delete(own, *filter(None, [taken]))


def _redis(seconds: float = ANSWERING_SECONDS) -> Any:
    return redis_server.client(settings.CELERY_BROKER_URL, seconds=seconds)


def _picture(token: str) -> str:
    return f"live:frame:{token}"


def _answer(token: str) -> str:
    return f"live:answer:{token}"

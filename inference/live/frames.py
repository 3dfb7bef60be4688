"""Frames on their way to a worker and back, through Redis: no rows, no pictures on a disk.

A frame is taken by whichever worker has time, or by none: then it is dropped, never queued behind
the next one. A visitor has one on the way, an address half of the PLACES, and all visitors together
those, each of which holds a thread of the web process for WAIT_SECONDS at most.

What waits is a token in a list. The picture and its masks are published, since Redis appends to its
file what is set, but not what is said: the worker that takes the token asks its request for the
picture, and says what it saw. A request that has gone does not listen any more.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis import RedisError

from inference.models import InferenceJob, Prediction
from segweb.host import redis_server
from segweb.jobs import wakeups

PLACES = 4
WAIT_SECONDS = 3
KEPT_SECONDS = WAIT_SECONDS + 2  # whatever a killed process left is gone by then
ANSWERING_SECONDS = 0.3  # as Celery's, for requests
PICTURE_SECONDS = 1  # for a request that is busy, before the worker goes on without it
WAITING = "live:waiting"
PICTURE = b"picture"  # what a worker asks a request for
# A place that was held too long has gone to somebody else, who keeps it.
LEAVE = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"
AWAY = gettext_noop("The queue does not answer. Is Redis still running?")


class Dropped(ValidationError):
    """There was no time for this frame; the next one may come after `retry_after` seconds."""

    status, retry_after = 503, 1


class TooMany(ValidationError):
    """The visitor's last frame is on its way, or as many of the address as it may have."""

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
        ((_channel, listening),) = _redis().pubsub_numsub(_request(self.token))
        return bool(listening)

    def answer(self, said: dict[str, Any]) -> None:
        """Give its request what to say."""
        _redis().publish(_request(self.token), json.dumps(said))


def frame_pass(
    *, visitor: str, address: str, checkpoints: Sequence[int], jpeg: bytes
) -> dict[str, Any]:
    """What a worker answers to a frame, within WAIT_SECONDS. Dropped or TooMany if none does.

    `visitor` is "" for whoever is known by the address alone.
    """
    token = secrets.token_hex(8)
    try:
        with _place(token, visitor, address):
            return _passed(token, list(checkpoints), jpeg)
    except RedisError as fault:
        raise Dropped(_(AWAY)) from fault


def _passed(token: str, checkpoints: list[int], jpeg: bytes) -> dict[str, Any]:
    entry = json.dumps([token, checkpoints])
    queue, until = _redis(), time.monotonic() + WAIT_SECONDS
    with _heard(_request(token)) as next_said:
        try:
            queue.pipeline().rpush(WAITING, entry).expire(WAITING, KEPT_SECONDS).execute()
            # A wake-up is for whatever comes first, whichever kind it names, so that one for each
            # place is enough. More would pile up where no worker takes them.
            if queue.llen(InferenceJob.queue) < PLACES and not wakeups.send(Prediction, "live"):
                raise Dropped(_(AWAY))
            while said := next_said(until - time.monotonic()):
                if said != PICTURE:
                    answer: dict[str, Any] = json.loads(said)
                    return answer
                queue.publish(_worker(token), jpeg)
        finally:
            queue.lrem(WAITING, 0, entry)
    raise Dropped(_("No worker had time for this frame: they are busy, or load the models."))


def frame_take() -> Frame | None:
    """The longest waiting frame whose request still waits; None where there is none."""
    try:
        while entry := _redis().lpop(WAITING):
            token, checkpoints = json.loads(entry)
            with _heard(_worker(token)) as next_said:
                listening = _redis().publish(_request(token), PICTURE)
                if listening and (jpeg := next_said(PICTURE_SECONDS)):
                    return Frame(token, checkpoints, jpeg)
    except RedisError:
        pass  # whoever waits is told so; what else there is to do is in the database
    return None


@contextmanager
def _place(token: str, visitor: str, address: str) -> Iterator[None]:
    """One of the places, one of those of the address, and the visitor's only one."""
    own = [f"live:of:{visitor}"] if visitor else []
    near = [f"live:from:{address}:{number}" for number in range(PLACES // 2)]
    places = [f"live:place:{number}" for number in range(PLACES)]
    with ExitStack() as held:
        if visitor and not _taken(own, token, held):
            raise TooMany(_("One frame at a time: your last one is on its way."))
        if not _taken(near, token, held):
            text = _("%(count)s frames from your network address are on their way. Send fewer.")
            raise TooMany(text % {"count": len(near)})
        if not _taken(places, token, held):
            text = _("%(count)s others are live at the moment. Try again in a little while.")
            raise Dropped(text % {"count": PLACES})
        yield


def _taken(keys: Sequence[str], token: str, held: ExitStack) -> bool:
    """Whether one of the keys was free; it is until `held` closes, or for KEPT_SECONDS."""
    queue = _redis()
    for key in keys:
        if queue.set(key, token, nx=True, ex=KEPT_SECONDS):
            held.callback(queue.eval, LEAVE, 1, key, token)
            return True
    return False


@contextmanager
def _heard(channel: str) -> Iterator[Callable[[float], bytes | None]]:
    """What is published on the channel: the next of it within so many seconds, or None."""
    with closing(_redis().pubsub(ignore_subscribe_messages=True)) as ear:
        ear.subscribe(channel)
        ear.get_message(timeout=ANSWERING_SECONDS)  # from when it listens

        def following(seconds: float) -> bytes | None:
            message = ear.get_message(timeout=max(0, seconds))
            return message and message["data"]

        yield following


def _redis() -> Any:
    return redis_server.client(settings.CELERY_BROKER_URL, seconds=ANSWERING_SECONDS)


def _request(token: str) -> str:
    return f"live:request:{token}"


def _worker(token: str) -> str:
    return f"live:worker:{token}"

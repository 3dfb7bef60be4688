"""Requests that may be sent twice: under the same Idempotency-Key, one thing is made once.

Twice over. A request by REST is claimed by its key before it is carried out, and its answer is kept
(`segweb.http.answers.repeats`). Should the process die between the two, the database decides, by a
unique column `idempotency_key` or by an id that follows from the request: whoever comes second gets
the row of whoever came first. The header itself is read beside, in `segweb.http.parsers`:
services need no REST framework, which takes a quarter of a second of every process's start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from segweb.models import KeptAnswer

Row = TypeVar("Row", bound=models.Model)
KEPT_FOR = timedelta(days=1)
GIVEN_UP = timedelta(minutes=1)  # no request takes as long: whoever claimed it is gone


def request_digest(*, caller: Any, key: str, request: dict[str, Any]) -> str | None:
    """Names a request by its caller, its content and its key; None without a key.

    With the content, since a key used again for another request is another request; with the
    caller, since keys are chosen by callers, who must not get each other's things.
    """
    if not key:
        return None
    named = {**request, "caller": caller, "key": key}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def made_once(model: type[Row], digest: str | None, make: Callable[[], Row]) -> Row:
    """What `make` gives, in one transaction; the row of this digest if there is one already.

    IntegrityError when it was another constraint that refused the row.
    """
    try:
        # A block of its own: after a refused INSERT PostgreSQL takes nothing more in the same.
        with transaction.atomic():
            return make()
    except IntegrityError:
        made_before = made_already(model, digest)
        if made_before is None:
            raise
        return made_before


def made_already(model: type[Row], digest: str | None) -> Row | None:
    """The row that this digest names."""
    return model._default_manager.filter(idempotency_key=digest).first() if digest else None


def made_under(model: type[Row], pk: UUID | None, make: Callable[[], Row]) -> Row:
    """What `make` gives under an id that follows from the request; the row that has it already."""
    rows = model._default_manager.filter(pk=pk) if pk else model._default_manager.none()
    try:
        return rows.first() or make()
    except IntegrityError:
        made_before = rows.first()
        if made_before is None:
            raise
        return made_before


def id_under(*, caller: Any, key: str, request: dict[str, Any]) -> UUID | None:
    """An id that follows from a request as `request_digest` names it; None without a key."""
    digest = request_digest(caller=caller, key=key, request=request)
    return _id(digest) if digest else None


def id_of(answer: KeptAnswer) -> UUID:
    """An id that only this request leads to: what it makes is known by it, and hard to guess."""
    return _id(f"{answer.request} {answer.content}")


def _id(named: str) -> UUID:
    keyed = salted_hmac(__name__, named, algorithm="sha256")
    return UUID(bytes=keyed.digest()[:16], version=4)


def answer_claim(*, request: str, content: str) -> tuple[KeptAnswer, bool]:
    """The row of a request, and whether it is the caller's to carry out now."""
    now = timezone.now()
    first = {"content": content, "claimed_at": now}
    # This one's too: a day is a day, also where nobody asked meanwhile.
    KeptAnswer.objects.filter(claimed_at__lt=now - KEPT_FOR).delete()
    row, mine = KeptAnswer.objects.get_or_create(request=request, defaults=first)
    if mine:
        return row, True
    rows = KeptAnswer.objects.filter(pk=row.pk)
    if rows.filter(status=None, claimed_at__lt=now - GIVEN_UP).update(**first):
        row.content, row.claimed_at = content, now
        return row, True
    return row, False


def answer_keep(*, claimed: KeptAnswer, status: int, location: str, body: str) -> None:
    """Give this answer to whoever sends the request again."""
    _still(claimed).update(status=status, location=location, body=body)


def answer_forget(*, claimed: KeptAnswer) -> None:
    """Nothing came of the request: the next one with its key is carried out."""
    _still(claimed).delete()


def _still(claimed: KeptAnswer) -> models.QuerySet[KeptAnswer]:
    # None, where it was given up and is another's by now.
    return KeptAnswer.objects.filter(pk=claimed.pk, claimed_at=claimed.claimed_at)

"""Requests that may be sent twice: under the same Idempotency-Key, one thing is made once.

The database decides, by a unique column `idempotency_key`: whoever comes second gets the row of
whoever came first, also when both come at the same moment. The header itself is read beside, in
`segweb.http.parsers`: services need no REST framework, which takes a quarter of a second
of every process's start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

Row = TypeVar("Row", bound=models.Model)


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

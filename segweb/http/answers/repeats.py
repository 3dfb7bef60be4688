"""POST that may be sent again: under one Idempotency-Key it is carried out once, answered alike."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from segweb.http.idempotency import answer_claim, answer_forget, answer_keep, id_of
from segweb.http.parsers import idempotency_key
from segweb.http.problems import KEY_IN_FLIGHT, KEY_REUSED
from segweb.models import KeptAnswer

# Most requests are done within these seconds: who comes beside one is answered as it is.
PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.75, 1.5)


class InFlight(APIException):
    """The same request is being carried out."""

    status_code, type = KEY_IN_FLIGHT.status, KEY_IN_FLIGHT.type
    default_detail = _("A request with this Idempotency-Key is being carried out. Ask again soon.")
    wait = 2  # seconds, in Retry-After


class KeyReused(APIException):
    """Another request had this key."""

    status_code, type = KEY_REUSED.status, KEY_REUSED.type
    default_detail = _("This Idempotency-Key was used for another body. Give each its own key.")


def repeatable(post: Callable[..., Response]) -> Callable[..., Response]:
    """A view's POST of which the first good answer is given to every repetition, for a day.

    Refusals are not kept: nothing was made, and what was wrong may be mended. `request.made_as` is
    an id for what the request makes, the same however often it is carried out; None without a key.
    """

    @wraps(post)
    def carried_out_once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = idempotency_key(request)
        request.made_as = None  # type: ignore[attr-defined]
        if not key:
            return post(view, request, *args, **kwargs)
        row, mine = _claim(request, key)
        if not mine:
            headers = {"Location": row.location} if row.location else None
            return Response(json.loads(row.body), status=row.status, headers=headers)
        request.made_as = id_of(row)  # type: ignore[attr-defined]
        try:
            response = post(view, request, *args, **kwargs)
        except BaseException:
            with suppress(DatabaseError):  # it is given up after a minute then
                answer_forget(claimed=row)
            raise
        with suppress(DatabaseError):  # what was made is made, and is found again
            if response.status_code >= 400:
                answer_forget(claimed=row)
            else:
                body = JSONRenderer().render(response.data).decode()
                location = response.headers.get("Location", "")
                answer_keep(claimed=row, status=response.status_code, location=location, body=body)
        return response

    carried_out_once.repeatable = True  # type: ignore[attr-defined]
    return carried_out_once


def made_as(request: Request) -> UUID | None:
    """The id of what this request makes."""
    made: UUID | None = request.made_as  # type: ignore[attr-defined]
    return made


def _claim(request: Request, key: str) -> tuple[KeptAnswer, bool]:
    """The request's row, to be carried out or with its answer. InFlight and KeyReused say why not.

    Whoever has neither account nor session is known by the address: keys are to be random.
    """
    caller = request.user.pk or request.session.session_key or BaseThrottle().get_ident(request)
    kind = "account" if request.user.pk else "visitor"
    named = _digest(kind, caller, request.method, request.get_full_path(), key)
    content = _content_digest(request.data)
    for pause in (*PATIENCE, None):
        row, mine = answer_claim(request=named, content=content)
        if not mine and row.content != content:
            raise KeyReused
        if mine or row.status is not None:
            return row, mine
        if pause is not None:
            time.sleep(pause)
    raise InFlight


def _content_digest(data: Any) -> str:
    """Names a body by what was read of it: another boundary of a form is the same body."""
    if isinstance(data, QueryDict):
        data = {name: [_told(value) for value in values] for name, values in data.lists()}
    return _digest(data)


def _told(value: Any) -> Any:
    if not hasattr(value, "chunks"):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return {"file": value.name, "sha256": digest.hexdigest()}


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

"""Every error of the API as an RFC 9457 problem: type, title, status, detail, sometimes errors.

KINDS is all that there are. What its status says enough of has the type "about:blank", as the RFC
wants it; where a program has to tell two of one status apart, the type is a name of its own.
"""

from __future__ import annotations

import sqlite3
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import (
    ObjectDoesNotExist,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler, set_rollback

from segweb.jobs import DATABASE_AWAY
from segweb.jobs.quotas import QUOTA_REACHED
from segweb.jobs.storage import DISK_FULL, told_disk_full

CONTENT_TYPE = "application/problem+json"
BLANK = "about:blank"


class Kind(NamedTuple):
    """A kind of problem: its status, what the API's schema says of it, and its type."""

    status: int
    said: str
    type: str = BLANK


KEY_IN_FLIGHT = Kind(
    409,
    "A request with this Idempotency-Key is being carried out; see Retry-After.",
    "urn:segweb:problem:idempotency-key-in-flight",
)
KEY_REUSED = Kind(
    422,
    "This Idempotency-Key was used for another body.",
    "urn:segweb:problem:idempotency-key-reused",
)
KINDS = (
    Kind(400, "The request makes no sense; `errors` says which field."),
    Kind(401, "No account, or a token that is not valid."),
    Kind(403, "This account may not."),
    Kind(403, "There is no room left; `detail` says what to delete.", QUOTA_REACHED),
    Kind(404, "There is nothing, or nothing that this caller may see."),
    Kind(405, "The address has no such method; Allow has those that it has."),
    Kind(406, "The answer is of no type that the Accept header names."),
    Kind(409, "Not in the state that it is in."),
    KEY_IN_FLIGHT,
    Kind(412, "What the If-Match header asks for is not what there is."),
    Kind(413, "Too many bytes or pixels, or too much to compute."),
    Kind(415, "The body is of a type that is not read here."),
    KEY_REUSED,
    Kind(429, "Too much in a short time, or too much waiting; see Retry-After."),
    Kind(503, "Busy; see Retry-After."),
    Kind(507, "The server's disk is full."),
)
RETRY_SECONDS = 5
BUSY = gettext_noop("The database is busy. Try again in a few seconds.")
GONE = gettext_noop(
    "It may have been deleted, be someone else’s, or its link may have been revoked."
)
MALFORMED = gettext_noop("The request is malformed or too large.")
_POSTGRES_FOREIGN_KEY = "23503"
RETRY_LATER = 30  # where somebody's jobs have to be done first


def handler(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler (see EXCEPTION_HANDLER); None for faults of the program itself."""
    if isinstance(fault, ValidationError):
        set_rollback()
        status = getattr(fault, "status", 400)
        after = str(getattr(fault, "retry_after", RETRY_LATER))
        later = {"Retry-After": after} if status in (429, 503) else None
        kind = getattr(fault, "type", BLANK)
        return problem(status, " ".join(fault.messages), headers=later, kind=kind)
    if isinstance(fault, SuspiciousOperation):
        set_rollback()
        status = 413 if isinstance(fault, RequestDataTooBig) else 400
        return problem(status, _(MALFORMED))
    if explained := explanation(fault):
        set_rollback()
        status, sentence, headers = explained
        return problem(status, sentence, headers=headers)
    answer = exception_handler(fault, context)
    if answer is None:
        return None
    errors = answer.data if answer.status_code == HTTPStatus.BAD_REQUEST else None
    detail = _first_sentence(answer.data)
    headers = {k: v for k, v in answer.items() if k != "Content-Type"}
    kind = getattr(fault, "type", BLANK)
    return problem(answer.status_code, detail, errors=errors, headers=headers, kind=kind)


def explanation(fault: BaseException | None) -> tuple[int, str, dict[str, str]] | None:
    """Status, sentence and headers of a fault that is not the program's; None for others."""
    if told_disk_full(fault):
        return 507, _(DISK_FULL), {}
    # PostgreSQL refuses NUL, SQLite numbers of 400 digits: the request is at fault.
    if isinstance(fault, (DataError, OverflowError)):
        return 400, _(MALFORMED), {}
    if _row_gone(fault):
        return 404, _(GONE), {}
    if isinstance(fault, DATABASE_AWAY):
        return 503, _(BUSY), {"Retry-After": str(RETRY_SECONDS)}
    return None


def _row_gone(fault: BaseException | None) -> bool:
    """Whether a row was deleted between the look at it and what was to be done with it."""
    if isinstance(fault, ObjectDoesNotExist):
        return True
    cause = fault.__cause__ if isinstance(fault, IntegrityError) else None
    return (
        getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
        or getattr(cause, "sqlstate", None) == _POSTGRES_FOREIGN_KEY
    )


def problem(
    status: int,
    detail: str,
    *,
    errors: Any = None,
    headers: dict[str, str] | None = None,
    kind: str = BLANK,
) -> Response:
    """A problem response of a type; `errors` are the sentences by field, where there are some."""
    data = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if isinstance(errors, dict) and "detail" not in errors:
        data["errors"] = errors
    return Response(data, status=status, headers=headers, content_type=CONTENT_TYPE)


def _first_sentence(data: Any) -> str:
    """The first message in DRF's nested lists and dictionaries, with its field's name."""
    if isinstance(data, dict):
        name, value = next(iter(data.items()))
        sentence = _first_sentence(value)
        return sentence if name in ("detail", "non_field_errors") else f"{name}: {sentence}"
    if isinstance(data, list):
        return _first_sentence(data[0])
    return str(data)


class NothingHere(APIView):
    """Answers addresses under /api/ that do not exist; the last pattern of the API."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    # DRF calls this before it looks for the method, which would answer 405.
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """404 for every method."""
        raise NotFound(_("There is nothing at this address."))

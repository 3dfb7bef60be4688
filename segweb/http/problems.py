"""Every error of the API as an RFC 9457 problem: type, title, status, detail, sometimes errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import DataError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler, set_rollback

from segweb.jobs import DATABASE_AWAY
from segweb.jobs.storage import DISK_FULL, told_disk_full

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 5
BUSY = gettext_noop("The database is busy. Try again in a few seconds.")
MALFORMED = gettext_noop("The request is malformed or too large.")
RETRY_LATER = 30  # where somebody's jobs have to be done first


def handler(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler (see EXCEPTION_HANDLER); None for faults of the program itself."""
    if isinstance(fault, ValidationError):
        set_rollback()
        status = getattr(fault, "status", 400)
        after = str(getattr(fault, "retry_after", RETRY_LATER))
        later = {"Retry-After": after} if status in (429, 503) else None
        return problem(status, " ".join(fault.messages), headers=later)
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
    return problem(answer.status_code, detail, errors=errors, headers=headers)


def explanation(fault: BaseException | None) -> tuple[int, str, dict[str, str]] | None:
    """Status, sentence and headers of a fault that is not the program's; None for others."""
    if told_disk_full(fault):
        return 507, _(DISK_FULL), {}
    # PostgreSQL refuses NUL, SQLite numbers of 400 digits: the request is at fault.
    if isinstance(fault, (DataError, OverflowError)):
        return 400, _(MALFORMED), {}
    if isinstance(fault, DATABASE_AWAY):
        return 503, _(BUSY), {"Retry-After": str(RETRY_SECONDS)}
    return None


def problem(
    status: int, detail: str, *, errors: Any = None, headers: dict[str, str] | None = None
) -> Response:
    """A problem response; `errors` are the sentences by field, where there are fields."""
    data = {
        "type": "about:blank",
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

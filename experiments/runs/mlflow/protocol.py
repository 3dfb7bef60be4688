"""How MLflow's clients ask and are answered: by a token, in JSON, with errors of its own form.

An endpoint is a function of the account and of what the request gives, body or query alike. What
may be retried has the status that its clients retry (429, 503), everything else has not.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import AuthenticationFailed

from experiments.access import account, may_change
from experiments.models import Kind, Run
from models_zoo.files import is_plain
from segweb.http.problems import explanation
from segweb.http.tokens import DigestAuthentication

logger = logging.getLogger(__name__)

WORDS = (b"bearer", b"token")  # before the token; MLflow says the first, our REST the second
STATUS = {
    "INVALID_PARAMETER_VALUE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "TEMPORARILY_UNAVAILABLE": 503,
}
BY_STATUS = {status: code for code, status in STATUS.items()} | {
    400: "INVALID_PARAMETER_VALUE",
    404: "RESOURCE_DOES_NOT_EXIST",
}
LONGEST_KEY = 250
Given = dict[str, Any]
Endpoint = Callable[[User, Given], dict[str, Any]]


class Refused(Exception):
    """What is answered in place of what was asked for: a code of MLflow's and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


def wrong(sentence: str) -> Refused:
    """The request makes no sense."""
    return Refused("INVALID_PARAMETER_VALUE", sentence)


def answers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view for clients of MLflow: with `request.user` by token, its faults in their form."""

    @csrf_exempt  # no cookie counts here
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            request.user = _account(request)
            return view(request, *args, **kwargs)
        except Refused as fault:
            return _refusal(fault.code, fault.sentence)
        except AuthenticationFailed as fault:
            return _refusal("UNAUTHENTICATED", str(fault.detail))
        except PermissionDenied:
            return _refusal("PERMISSION_DENIED", _("This run is not yours to change."))
        except RequestDataTooBig:
            return _refusal("INVALID_PARAMETER_VALUE", _("The request has too many bytes."))
        except ValidationError as fault:
            code = BY_STATUS.get(getattr(fault, "status", 400), "INVALID_PARAMETER_VALUE")
            return _refusal(code, " ".join(fault.messages))
        except Exception as fault:
            explained = explanation(fault)
            if explained is None:
                logger.exception("%s %s", request.method, request.path)
                return _refusal("INTERNAL_ERROR", _("Something went wrong here; it is logged."))
            status, sentence, headers = explained
            answer = _refusal(BY_STATUS.get(status, "INTERNAL_ERROR"), sentence, headers)
            answer.status_code = status
            return answer

    return answered


def endpoint(method: str, carry_out: Endpoint) -> Callable[..., HttpResponseBase]:
    """The view of an endpoint that takes one method."""

    @answers
    def view(request: HttpRequest) -> HttpResponse:
        if request.method != method:
            text = _("This address takes %(method)s only.")
            raise Refused("ENDPOINT_NOT_FOUND", text % {"method": method})
        given = body_read(request) if method == "POST" else request.GET.dict()
        return JsonResponse(carry_out(account(request), given))

    return view


@answers
def nothing_here(request: HttpRequest) -> HttpResponse:
    """What MLflow has and SegWeb has not: models, traces, prompts and the rest."""
    raise Refused("ENDPOINT_NOT_FOUND", _("SegWeb keeps runs; it has no such part of MLflow."))


def _account(request: HttpRequest) -> User:
    word, _space, token = request.headers.get("Authorization", "").partition(" ")
    if word.lower().encode() not in WORDS or not token.strip().isascii():
        text = _("Set MLFLOW_TRACKING_TOKEN to a token of your account, made on its page.")
        raise Refused("UNAUTHENTICATED", text)
    user, _token = DigestAuthentication().authenticate_credentials(token.strip())
    return user


def _refusal(code: str, sentence: str, headers: dict[str, str] | None = None) -> HttpResponse:
    told = {"error_code": code, "message": sentence}
    return JsonResponse(told, status=STATUS[code], headers=headers)


def body_read(request: HttpRequest) -> Given:
    """The JSON object of a request; NaN and infinity as the words that stand for them."""
    try:
        given = json.loads(request.body or b"{}", parse_constant=str)
    except (ValueError, RecursionError) as fault:
        raise wrong(_("The request is malformed or too large.")) from fault
    if not isinstance(given, dict):
        raise wrong(_("The request is malformed or too large."))
    return given


# What a request gives, checked. Everything that is kept comes through one of these.


def text(given: Given, *names: str, most: int = LONGEST_KEY, needed: bool = True) -> str:
    """The first of these that is given, a plain text; "" where it may be missing."""
    value = next((given[name] for name in names if given.get(name) not in (None, "")), "")
    told = {"name": names[0], "limit": most}
    if not isinstance(value, str) or len(value) > most or not is_plain(value):
        raise wrong(_("%(name)s is a text of at most %(limit)s characters.") % told)
    if needed and not value:
        raise wrong(_("%(name)s is missing.") % told)
    return value


def whole(given: Given, name: str, default: int = 0) -> int:
    """A whole number, written as such or as a text."""
    value = given.get(name, default)
    try:
        number = int(value if not isinstance(value, float) or value.is_integer() else "")
    except (TypeError, ValueError, OverflowError) as fault:
        raise wrong(_("%(name)s is no whole number.") % {"name": name}) from fault
    if abs(number) >= 2**63:
        raise wrong(_("%(name)s is no whole number.") % {"name": name})
    return number


def number(given: Given, name: str) -> float | None:
    """A number; None for NaN. Infinity is the largest one that there is, as MLflow keeps it."""
    if name not in given:  # not 0, which would look like a value that somebody measured
        raise wrong(_("%(name)s is missing.") % {"name": name})
    try:
        value = float(given[name])
    except (TypeError, ValueError, OverflowError) as fault:
        raise wrong(_("%(name)s is no number.") % {"name": name}) from fault
    if math.isinf(value):
        return math.copysign(LARGEST, value)
    return None if math.isnan(value) else value


LARGEST = 1.7976931348623157e308


def rows(given: Given, name: str, most: int) -> list[Given]:
    """A list of objects, no longer than that."""
    value = given.get(name) or []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise wrong(_("%(name)s is no list of objects.") % {"name": name})
    if len(value) > most:
        told = {"name": name, "limit": most}
        raise wrong(_("%(name)s has more than %(limit)s entries.") % told)
    return value


def words(given: Given, name: str, *, most: int) -> list[str]:
    """A list of texts, no longer than that; one alone may stand for itself."""
    value = given.get(name) or []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise wrong(_("%(name)s is no list of texts.") % {"name": name})
    if len(value) > most:
        told = {"name": name, "limit": most}
        raise wrong(_("%(name)s has more than %(limit)s entries.") % told)
    return value


def pairs(given: Given, name: str, *, most: int, longest: int) -> dict[str, str]:
    """A list of {key, value} as a dictionary."""
    found: dict[str, str] = {}
    for row in rows(given, name, most):
        key, value = text(row, "key"), text(row, "value", most=longest, needed=False)
        if found.setdefault(key, value) != value:
            told = {"key": key, "old": found[key][:100]}
            raise wrong(_("%(key)s is %(old)s already; a setting is logged once.") % told)
    return found


def run_of(user: User, given: Given, *, change: bool = False) -> Run:
    """The run that a request names; to `change` it, one from elsewhere that is the account's."""
    name = text(given, "run_id", "run_uuid")
    readable = Run.objects.visible_to(user).select_related("owner")
    run = readable.filter(pk=int(name)).first() if name.isdecimal() and len(name) < 18 else None
    if run is None:
        told = _("There is no run %(name)s, or none that this account may read.")
        raise Refused("RESOURCE_DOES_NOT_EXIST", told % {"name": name})
    if change and not may_change(user, run):
        raise PermissionDenied
    if change and run.kind != Kind.EXTERNAL:
        raise wrong(_("Only runs from elsewhere are reported; this one is trained here."))
    return run

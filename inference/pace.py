"""How fast visitors may make things and how much may wait, through pages and REST alike."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from inference.access import visitor_token
from inference.models import InferenceJob
from segweb.jobs import State, job_models
from segweb.jobs.quotas import QueueFull, limit_of, take_turns

ALL_WAITING_MAX = 2000
SESSIONS_OF_ADDRESS = 10
TURN = timedelta(seconds=1)  # what a job takes, roughly


class WriteThrottle(SimpleRateThrottle):
    """Slows anonymous visitors down when they make things, not when they watch them.

    Each session for itself, since a class sits behind one address; all sessions of an address
    together ten times as fast, and whoever keeps no session by the address alone.
    """

    scope = "anon"
    num_requests: int

    def allow_request(self, request: Request, view: APIView | None) -> bool:
        """Reading is free, and so is what has an owner."""
        if request.method in SAFE_METHODS or request.user.is_authenticated:
            return True
        if not visitor_token(request):
            return super().allow_request(request, view)
        one = self.num_requests
        # Both are counted, the looser one first: what it refuses must not fill the stricter one.
        self.num_requests = one * SESSIONS_OF_ADDRESS
        allowed = super().allow_request(request, view)
        self.num_requests, self.visitor = one, visitor_token(request)
        return allowed and super().allow_request(request, view)

    visitor = ""

    def get_cache_key(self, request: Request, view: APIView | None) -> str:
        """The session where its turn has come, else the address."""
        ident = self.visitor or self.get_ident(request)
        kept = "-sessions" if not self.visitor and visitor_token(request) else ""
        return f"pace-{self.scope}{kept}-{ident}"


class BatchThrottle(WriteThrottle):
    """A batch is much work and many bytes: fewer of them."""

    scope = "batch"


class TooFast(ValidationError):
    """Too much in a short time; `retry_after` says in how many seconds there is room again."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(_("That was a lot in a short time. Please wait a minute."))
        self.retry_after = retry_after


def told_when(response: HttpResponse, form: BaseForm) -> HttpResponse:
    """The answer to a form, which says when to come back where a refusal of it does."""
    for refusal in form.errors.as_data().get(NON_FIELD_ERRORS, []):
        if seconds := getattr(refusal, "retry_after", None):
            response["Retry-After"] = str(seconds)
    return response


def check_pace(request: HttpRequest, throttle: type[WriteThrottle] = WriteThrottle) -> None:
    """TooFast for a visitor of the pages who makes things faster than people do.

    Pages and REST count into the same throttle, so that neither is a way around the other.
    """
    counted = throttle()
    if not counted.allow_request(request, None):
        raise TooFast(math.ceil(counted.wait() or 60))


def next_turn(*, owner: User | None, visitor: str, more: int = 1) -> datetime:
    """When `more` jobs that somebody watches count as queued. QueueFull when too many wait.

    Within the transaction that queues them, so that a hundred requests at once are counted too.
    Whoever has jobs waiting stands behind them by a second each, so that the next visitor's first
    job comes before one caller's three hundredth.
    """
    take_turns("masks")
    waiting = _waiting(owner=owner, visitor=visitor)
    limit = limit_of(owner, "jobs")
    if waiting + more > limit:
        text = _("At most %(limit)s of your masks may wait at one time. Wait for some.")
        raise QueueFull(text % {"limit": limit})
    if _waiting() + more > ALL_WAITING_MAX:
        raise QueueFull(_("Too many masks are waiting. Try again in a minute."))
    return timezone.now() + waiting * TURN


def _waiting(**owned: object) -> int:
    """How many watched jobs wait: all of them, or of one caller's comparisons."""
    total = 0
    for kind in job_models():
        if issubclass(kind, InferenceJob):
            named = {f"{kind.belongs_to}__{name}": value for name, value in owned.items()}
            queued = kind._default_manager.filter(kind.watched, state=State.QUEUED)
            total += queued.filter(**named).count()
    return total

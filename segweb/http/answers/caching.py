"""What callers, and caches on the way to them, may keep of an answer, and how they ask again.

Nothing is for a cache that others read too unless it is public: a link that was revoked, and what
was deleted, would go on being served there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseNotModified, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from segweb.http.problems import CONTENT_TYPE, problem

KEPT = "private, max-age=31536000, immutable"  # what never changes
KEPT_BY_ALL = "public, max-age=31536000, immutable"  # the same, for whoever asks
DAY_BY_ALL = "public, max-age=86400"  # what changes with a new version of SegWeb
ASKED_AGAIN = "private, no-cache"  # what may have changed
NEVER = "private, no-store"
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


class CachingMiddleware:
    """Says of every answer that says nothing itself that it may change; of errors nothing is kept.

    An error without it may be kept: a mask that is not there yet would stay away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= 400:
            response["Cache-Control"] = NEVER
        else:
            response.headers.setdefault("Cache-Control", ASKED_AGAIN)
        return response


def lasting(
    request: HttpRequest,
    named: str,
    answer: Callable[[], HttpResponseBase],
    *,
    kept: str = KEPT,
) -> HttpResponseBase:
    """`answer()` with an ETag, or a 304 for who has it already; `named` names what is in it.

    Whether the caller may have it is looked at before: a 304 says that it is there.
    """
    tag = f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'
    wanted, there = (parse_etags(request.META.get(name, "")) for name in CONDITIONS)
    if wanted and not {"*", tag} & {*wanted}:
        told = problem(412, _("This is not what If-Match asks for.")).data
        return JsonResponse(told, status=412, content_type=CONTENT_TYPE)
    # A cache that packs what it passes on makes a tag weak; it means the same.
    same = {"*", tag} & {one.removeprefix("W/") for one in there}
    response = HttpResponseNotModified() if same else answer()
    if response.status_code < 400:
        response["ETag"], response["Cache-Control"] = tag, kept
    return response

"""Faults that are not the program's: a database that is away, a disk that is full."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from segweb.http import problems
from segweb.http.slashes import API


class FaultsMiddleware:
    """A database locked or away for longer than its timeout is a 503, a full disk a 507.

    What a database refuses to look for is a 400: a number of 400 digits, a text that is none. What
    was deleted in the midst of the request is a 404.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Answer for views; every other fault stays what it is."""
        return _explained(request, fault)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to what no view raised: sessions and accounts are read and kept outside of them.

    Django calls it while the fault is being handled.
    """
    return _explained(request, sys.exception()) or defaults.server_error(request)


def _explained(request: HttpRequest, fault: BaseException | None) -> HttpResponse | None:
    # Pages are drawn without the request: its user is in the database.
    explained = problems.explanation(fault)
    return fault_answer(request, *explained) if explained else None


def fault_answer(
    request: HttpRequest, status: int, sentence: str, headers: dict[str, str]
) -> HttpResponse:
    """A problem to who asks the API, to others the page of that status."""
    if not request.path_info.startswith(API):
        return HttpResponse(render_to_string(f"{status}.html"), status=status, headers=headers)
    told = problems.problem(status, sentence).data
    return JsonResponse(told, status=status, headers=headers, content_type=problems.CONTENT_TYPE)

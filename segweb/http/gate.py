"""The gate before every view: addresses that none could look anything up by are refused."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from segweb.http.faults import fault_answer


class AddressGateMiddleware:
    """A NUL in an address is a 400: PostgreSQL refuses to look for it, files cannot be called so.

    Here, since filters of the admin, of django-filter and of our own would each need to know.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" not in request.path and "%00" not in request.META["QUERY_STRING"]:
            return self.get_response(request)
        sentence = _("The address holds a character that is no text.")
        return fault_answer(request, 400, sentence, {})

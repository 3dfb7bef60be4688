"""The gate before every view: addresses that none could look anything up by are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from segweb.http.faults import fault_answer


class AddressGateMiddleware:
    """Refuses with a 400 what the database or its driver would stumble over.

    Here, since filters of the admin, of django-filter and of our own would each need to know.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL refuses to look for a NUL, and files cannot be called so.
        if "\0" in request.path or "%00" in request.META["QUERY_STRING"]:
            sentence = _("The address holds a character that is no text.")
        # The admin takes `…__year` of any date, and Python's dates end where it looks for them.
        elif any(_no_year(name, str(value)) for name, value in request.GET.items()):
            sentence = _("The address asks for a year that no calendar has.")
        else:
            return self.get_response(request)
        return fault_answer(request, 400, sentence, {})


def _no_year(name: str, value: str) -> bool:
    if not {"year", "iso_year"} & set(name.split("__")[1:]):
        return False
    # The week after the last year's is looked for too; longer numbers are not worth reading.
    readable = value.isdecimal() and len(value) <= len(str(MAXYEAR))
    return not readable or not MINYEAR < int(value) < MAXYEAR

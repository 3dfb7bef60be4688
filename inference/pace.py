"""How fast anonymous visitors may make things, through pages and REST alike."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView


class WriteThrottle(AnonRateThrottle):
    """Slows anonymous visitors down when they make things, not when they watch them."""

    def allow_request(self, request: Request, view: APIView | None) -> bool:
        """Reading is free."""
        return request.method in SAFE_METHODS or super().allow_request(request, view)


class BatchThrottle(WriteThrottle):
    """A batch is much work and many bytes: fewer of them."""

    scope = "batch"


def check_pace(request: HttpRequest, throttle: type[WriteThrottle] = WriteThrottle) -> None:
    """ValidationError for a visitor of the pages who makes things faster than people do.

    Pages and REST count into the same throttle, so that neither is a way around the other.
    """
    if not throttle().allow_request(request, None):
        raise ValidationError(_("That was a lot in a short time. Please wait a minute."))

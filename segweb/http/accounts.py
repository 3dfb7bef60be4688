"""Signing in, at a pace that no guesser of passwords likes."""

from __future__ import annotations

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import AnonRateThrottle


class LoginThrottle(AnonRateThrottle):
    """Attempts by address, whatever account they name."""

    scope = "login"


class LoginView(views.LoginView):
    """The one sign-in page, for the pages and for the admin panel."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """429 for an address that tries too often."""
        throttle = LoginThrottle()
        # A throttle asks for address and account only, which any request has.
        if not throttle.allow_request(request, self):  # type: ignore[arg-type]
            refusal = render(request, "429.html", status=429)
            refusal["Retry-After"] = str(round(throttle.wait() or 60))
            return refusal
        return super().post(request, *args, **kwargs)

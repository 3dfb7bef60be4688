"""Addresses without their last slash: answered where they are, or sent to the one that has it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

REDIRECTED = ("GET", "HEAD")
API = ("/api/", "/mlflow/")  # what programs ask for


class SlashMiddleware(CommonMiddleware):
    """Only a page that is read is redirected, for the sake of its relative links.

    urllib, requests and `curl -L` follow a redirected POST with a GET, which answers 200 and keeps
    nothing.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Look the request up under the address with the slash, if that is the one there is."""
        stays = request.method not in REDIRECTED or request.path_info.startswith(API)
        if stays and self.should_redirect_with_slash(request):
            request.path_info += "/"
            request.path += "/"
        return super().process_request(request)

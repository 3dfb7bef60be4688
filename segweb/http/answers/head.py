"""HEAD: the headers of a GET, and nothing after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest


class HeadMiddleware:
    """Views answer HEAD as they do GET, and the server sends whatever it is given.

    The answer to the next request on the connection would begin with that body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self.get_response(request)
        if request.method != "HEAD":
            return response
        if response.streaming:
            response.streaming_content = ()  # a file is closed with its response, as before
        else:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response

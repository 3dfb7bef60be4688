"""HEAD is answered without a body: on a kept connection the next answer would begin with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import FileResponse, StreamingHttpResponse
from django.test import RequestFactory

from segweb.http.answers.head import HeadMiddleware
from segweb.wsgi import application

# What ends an answer looks after the connections to the database.
pytestmark = pytest.mark.django_db


def test_the_application_sends_none() -> None:
    """Asked as a server does: Django's client for tests would take a body away by itself."""
    told: dict[str, Any] = {}

    def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        told.update(status=status, **dict(headers))

    for path in ("/healthz", "/samples/bus.jpg", "/api/v1/none/"):
        sizes = {}
        for method in ("GET", "HEAD"):
            environ = RequestFactory()._base_environ(REQUEST_METHOD=method, PATH_INFO=path)
            sizes[method] = len(b"".join(application(environ, begin)))
            sizes[f"{method} told"] = int(told["Content-Length"])
        assert sizes["GET"] == sizes["GET told"] == sizes["HEAD told"] > 0, path
        assert sizes["HEAD"] == 0, path


def test_a_file_is_closed_with_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    opened = path.open("rb")
    answer = HeadMiddleware(lambda _: FileResponse(opened))(RequestFactory().head("/"))
    assert (b"".join(answer), answer["Content-Length"]) == (b"", "5")
    answer.close()
    assert opened.closed


def test_a_stream_is_not_begun() -> None:
    begun = []

    def pieces() -> Iterator[bytes]:
        begun.append(True)
        yield b"1"

    response = StreamingHttpResponse(pieces())
    assert b"".join(HeadMiddleware(lambda _: response)(RequestFactory().head("/"))) == b""
    assert not begun

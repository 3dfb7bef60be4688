"""Connections of the web server: how slowly they may send and read, and how much at one time."""

from __future__ import annotations

import json
import time
from copy import copy
from functools import partial
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

HEADER_SECONDS = 15
PACE_SECONDS, BYTES_A_SECOND = 30, 1000  # bodies come, and answers go, at least as fast
# Bodies that are arriving, or are being answered, at one time: in uploads of the largest size.
CLIENT_UPLOADS, ALL_UPLOADS, ALL_IMPORTS = 4, 16, 2
CLIENT_BODIES = 256  # of a client, however small
CHECK_BYTES = 2**20  # of a body, between two looks at all of them
RETRY_SECONDS = 10


TOO_LONG = "The request has too many bytes."


class Refusal(Error):
    """What the server refuses before the application hears of it: a problem, as of the API."""

    def __init__(self, code: int, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.reason = code, reason

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body; Retry-After where it may go well later."""
        told = {"type": "about:blank", "title": self.reason, "status": self.code}
        headers = [("Content-Type", "application/problem+json")]
        headers += [("Cache-Control", "private, no-store")]
        if self.code in (429, 503):
            headers += [("Retry-After", str(RETRY_SECONDS))]
        return (
            f"{self.code} {self.reason}",
            headers,
            json.dumps(told | {"detail": self.body}).encode(),
        )


class Pace:
    """Whether something goes on as fast as with everybody who means well."""

    def __init__(self) -> None:
        self.since, self.moved = time.monotonic(), 0

    def too_slow(self, moved: int) -> bool:
        """Asked now and then with all bytes so far; the last PACE_SECONDS count, not the mean.

        Who was fast at first could take a byte at a time for hours.
        """
        passed = time.monotonic() - self.since
        if passed < PACE_SECONDS:
            return False
        slow = moved - self.moved < passed * BYTES_A_SECOND
        self.since, self.moved = time.monotonic(), moved
        return slow


class Parser(HTTPRequestParser):
    """A request that knows whose it is, when it began, and how much of a body it may have."""

    adj: Any
    error: Error | None = None
    is_import = False
    checked = 0

    def __init__(self, channel: Channel, adj: Any) -> None:
        super().__init__(adj)
        self.channel, self.client = channel, channel.addr[0]
        self.begun, self.pace = time.monotonic(), Pace()

    def parse_header(self, header_plus: bytes) -> None:
        """The parser asks `adj` for the limit of the body after this."""
        super().parse_header(header_plus)
        # What is read whole before it is judged must not be a way to fill the disk.
        known = "COOKIE" in self.headers or "AUTHORIZATION" in self.headers
        path = self.path.removeprefix(self.adj.url_prefix)
        if known and path.rstrip("/") in self.adj.import_paths:
            self.is_import = True
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = self.adj.import_bytes
        told = self.headers.get("X_FORWARDED_FOR", "").split(",")
        if self.adj.proxies and any(told):  # else all clients of a proxy would be one
            self.client = told[-min(self.adj.proxies, len(told))].strip()

    def received(self, data: bytes) -> int:
        """Take what came; refuse the request that brings more than all may have at one time."""
        consumed: int = super().received(data)
        due = self.body_bytes_received >= self.checked
        if self.body_rcv is not None and due and not self.error:
            self.checked = self.body_bytes_received + CHECK_BYTES
            if refusal := self.channel.server.bodies_refused(self):
                self.error, self.completed = refusal, True
        if self.error is not None and not isinstance(self.error, Refusal):
            fault = self.error
            sentence = TOO_LONG if fault.code == 413 else str(fault.body)
            self.error = Refusal(fault.code, fault.reason, sentence)
        return consumed

    @property
    def too_slow(self) -> bool:
        """Whether nobody who means well sends like this."""
        if not self.headers_finished:
            return time.monotonic() - self.begun > HEADER_SECONDS
        return self.pace.too_slow(self.body_bytes_received)


class Channel(HTTPChannel):
    """A connection."""

    sent = 0
    reading: Pace | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser_class = partial(Parser, self)

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the connection takes, and count it."""
        count: int = super().send(data, do_close=do_close)
        self.sent += count
        return count

    @property
    def waits_for_reader(self) -> bool:
        """Whether something is there to be sent; a little of it waits for what is yet computed."""
        least = self.adj.send_bytes if self.requests else 1
        return bool(self.total_outbufs_len >= least)

    @property
    def read_too_slowly(self) -> bool:
        """Whether nobody who means well takes an answer like this."""
        if not self.waits_for_reader:
            self.reading = None
            return False
        if self.reading is None:
            self.reading = Pace()
            self.reading.moved = self.sent
        return self.reading.too_slow(self.sent)
